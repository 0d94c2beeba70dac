import { describe, expect, it } from '@jest/globals';
import { CacheHit, CacheMiss } from '../../lib/contract/cache-result.js';
import { CacheConfigurationError } from '../../lib/contract/errors.js';
import type { Command, EntryExtras, Grant, Slot, WriteId } from '../../lib/core/cache-store.js';
import { EPOCH } from '../../lib/core/cache-store.js';
import { InMemoryCache } from '../../lib/memory/in-memory-cache.js';
import type { InMemoryCacheOptions } from '../../lib/memory/in-memory-cache-options.js';
import { KeyWatchers } from '../../lib/memory/key-watchers.js';
import { MemoryStore } from '../../lib/memory/memory-store.js';
import type { MemoryStoreOptions } from '../../lib/memory/memory-table.js';
import { rejection } from '../support/rejection.js';

describe('A cache in memory', () => {
  it('keeps at most so many entries, and lets the least recently used go', async () => {
    const cache = new InMemoryCache<number>({ maxEntries: 2 });
    await cache.set('a', 1);
    await cache.set('b', 2);
    await cache.get('a');
    await cache.set('c', 3);
    expect(await cache.get('b')).toBe(CacheMiss.instance);
    expect(await cache.get('a')).toEqual(new CacheHit(1));
    expect(await cache.get('c')).toEqual(new CacheHit(3));
  });

  it('keeps at most so many bytes of keys and values', async () => {
    const cache = new InMemoryCache<string>({ maxBytes: 10_000 });
    for (let index = 0; index < 100; index += 1) await cache.set(`key:${index}`, 'x'.repeat(900));
    const results = await Promise.all(Array.from({ length: 100 }, (_, index) => cache.get(`key:${index}`)));
    const held = results.filter((result) => result.hit).length;
    expect(held).toBeGreaterThan(5);
    expect(held).toBeLessThanOrEqual(11);
  });

  it('refuses a value that it could never hold, instead of forgetting it at once', async () => {
    const cache = new InMemoryCache<string>({ maxBytes: 1_000 });
    await cache.set('key', 'small');
    expect(await rejection(cache.set('key', 'x'.repeat(1_000)))).toMatchObject({
      code: 'CACHE_VALUE_TOO_LARGE',
      key: 'key',
    });
    expect(await cache.get('key')).toEqual(new CacheHit('small'));
  });

  it('ends an entry with the millisecond that its time to live names', async () => {
    let now = 1_000;
    const cache = new InMemoryCache<number>({ clock: () => now, ttl: 250 });
    await cache.set('default', 1);
    await cache.set('own', 2, { ttl: 251 });
    now = 1_249;
    expect(await cache.get('default')).toEqual(new CacheHit(1));
    now = 1_250;
    expect(await cache.get('default')).toBe(CacheMiss.instance);
    expect(await cache.get('own')).toEqual(new CacheHit(2));
    expect(await cache.delete('default')).toBe(false);
  });

  it('clears a scope and nothing beside it', async () => {
    const cache = new InMemoryCache<number>();
    const scope = cache.scope<number>('scope:');
    await cache.set('key', 1);
    await scope.set('key', 2);
    await scope.clear();
    expect(await cache.get('key')).toEqual(new CacheHit(1));
    expect(await scope.get('key')).toBe(CacheMiss.instance);
  });

  it('can always be reached until it is closed', async () => {
    const cache = new InMemoryCache();
    await cache.ping();
    await cache.close();
    expect(await rejection(cache.ping())).toMatchObject({ code: 'CACHE_CLOSED' });
  });

  it('refuses an option of set that it does not know, rather than ignore it', async () => {
    const cache = new InMemoryCache();
    const unchecked: { set(key: string, value: unknown, options: unknown): Promise<void> } = cache;
    expect(await rejection(unchecked.set('key', 1, { tag: 'a' }))).toMatchObject({
      code: 'CACHE_CAPABILITY_MISSING',
      key: 'key',
    });
    expect(await cache.get('key')).toBe(CacheMiss.instance);
  });

  it('names every option that is wrong at once', () => {
    const options = {
      maxEntries: 0,
      maxBytes: 1.5,
      ttl: -1,
      clock: 5,
      size: 1,
      serializer: { maxBytes: -1 },
    };
    const error = failureOf(() => Reflect.construct(InMemoryCache, [options]));
    expect(error).toBeInstanceOf(CacheConfigurationError);
    for (const name of Object.keys(options))
      expect(String(error)).toMatch(new RegExp(`(options\\.)?${name}`));
  });

  it.each([null, 5, { maxEntries: 5e9 }, { ttl: 1e300 }])(
    'refuses %j, which are no options that it could keep',
    (options) => {
      expect(failureOf(() => Reflect.construct(InMemoryCache, [options]))).toBeInstanceOf(
        CacheConfigurationError,
      );
    },
  );

  it.each<InMemoryCacheOptions>([{ ttl: null }, { ttl: undefined }, {}])(
    'keeps entries for good with %j',
    async (options) => {
      const cache = new InMemoryCache<number>({ ...options, clock: () => now });
      let now = 0;
      await cache.set('key', 1);
      now = 1e15;
      expect(await cache.get('key')).toEqual(new CacheHit(1));
    },
  );
});

const ME = 'me, sixteen char';
const ANOTHER = 'another, sixteen';
const UNKNOWN = 'no write';
/** An entry of these is fresh for a second, and a safety net for another one. */
const LEASABLE: EntryExtras = { refresh: { staleFor: 1_000, loadTime: 40 } };

/** A store whose clock is turned by hand, and the commands as short as the tests want them. */
class Stage {
  now = 0;
  readonly store: MemoryStore;
  readonly #prefix = 'app:';

  constructor(options: Partial<MemoryStoreOptions> = {}) {
    this.store = new MemoryStore({ maxEntries: 100, maxBytes: 1e6, clock: () => this.now, ...options });
  }

  put(text: string, extras?: EntryExtras, key = 'key'): Command<'write'>['puts'][number] {
    return { key, bytes: Buffer.from(text), ttl: extras?.refresh === undefined ? undefined : 1_000, extras };
  }

  async read(key = 'key'): Promise<Slot> {
    const [slot] = await this.store.execute({ op: 'read', prefix: this.#prefix, keys: [key] });
    if (slot === undefined || slot instanceof Error) throw new Error('A look never fails');
    return slot;
  }

  async write(text: string, extras?: EntryExtras, key = 'key'): Promise<unknown> {
    const puts = [this.put(text, extras, key)];
    return (await this.store.execute({ op: 'write', prefix: this.#prefix, puts }))[0];
  }

  async remove(key = 'key'): Promise<unknown> {
    return (await this.store.execute({ op: 'remove', prefix: this.#prefix, keys: [key] }))[0];
  }

  clear(prefix = this.#prefix): Promise<void> {
    return this.store.execute({ op: 'clear', prefix });
  }

  acquire(token = ME, seen?: WriteId, key = 'key'): Promise<Grant> {
    return this.store.execute({ op: 'acquire', prefix: this.#prefix, key, token, lease: 500, seen });
  }

  /** Of the entry that is there. */
  async refresh(token = ME): Promise<Grant> {
    return this.acquire(token, idOf(await this.read()));
  }

  renew(token = ME): Promise<boolean> {
    return this.store.execute({ op: 'renew', prefix: this.#prefix, key: 'key', token, lease: 500 });
  }

  fulfil(text: string, token = ME, extras?: EntryExtras): Promise<boolean> {
    return this.store.execute({ op: 'fulfil', prefix: this.#prefix, put: this.put(text, extras), token });
  }

  release(pause = 300, token = ME): Promise<boolean> {
    return this.store.execute({ op: 'release', prefix: this.#prefix, key: 'key', token, pause });
  }

  begin(token = ME): Promise<WriteId> {
    return this.store.execute({ op: 'begin', prefix: this.#prefix, key: 'key', token, lease: 500 });
  }

  settle(text: string, seen: WriteId): Promise<boolean> {
    return this.store.execute({ op: 'settle', prefix: this.#prefix, put: this.put(text), seen });
  }

  keep(writeId: WriteId): Promise<boolean> {
    return this.store.execute({ op: 'keep', prefix: this.#prefix, key: 'key', writeId });
  }

  versions(...tags: string[]): Promise<readonly (string | undefined)[]> {
    return this.store.execute({ op: 'versions', prefix: this.#prefix, tags });
  }

  stamp(need: number, ...tags: string[]): Promise<readonly string[]> {
    return this.store.execute({ op: 'stamp', prefix: this.#prefix, tags, need });
  }

  evict(...tags: string[]): Promise<void> {
    return this.store.execute({ op: 'evict', prefix: this.#prefix, tags });
  }

  /** Watches the key; answers how often it was told of a change. */
  async watch(key = 'key'): Promise<() => Promise<number>> {
    let changes = 0;
    await this.store.watch(this.#prefix, key, () => (changes += 1));
    return async () => {
      await new Promise(setImmediate);
      return changes;
    };
  }
}

function idOf(slot: Slot): WriteId {
  return slot.state === 'absent' ? UNKNOWN : slot.writeId;
}

/** What a key holds, in words. */
function inWords(slot: Slot): string {
  if (slot.state === 'absent') return 'nothing';
  const held = slot.state === 'lease' ? slot.lease : slot.refresh?.lease;
  const names = new Map([
    [ME, 'my lease'],
    [ANOTHER, 'its lease'],
    ['', 'a pause'],
  ]);
  const lease = held === undefined ? [] : [`${names.get(held.token)} for ${held.endsIn}`];
  const value = slot.state === 'lease' ? [] : [`${slot.fresh ? '' : 'stale '}${slot.bytes.toString()}`];
  return [...value, ...lease].join(', ');
}

/** An answer, in words; `there` is the write that the key held before. */
function answerInWords(answer: boolean | string | Grant, there: WriteId): string {
  if (typeof answer === 'boolean') return answer ? 'yes' : 'no';
  if (typeof answer === 'string') return answer === there ? 'that write' : 'a new write';
  if (answer.outcome === 'held') expect(answer.writeId).toBe(there);
  return 'endsIn' in answer ? `${answer.outcome} for ${answer.endsIn}` : answer.outcome;
}

/** What can be asked of a key; `there` is the write that it holds. */
const STEPS = {
  acquire: (stage: Stage) => stage.acquire(),
  refresh: (stage: Stage, there: WriteId) => stage.acquire(ME, there),
  renew: (stage: Stage) => stage.renew(),
  fulfil: (stage: Stage) => stage.fulfil('new'),
  release: (stage: Stage) => stage.release(),
  begin: (stage: Stage) => stage.begin(),
  settle: (stage: Stage, there: WriteId) => stage.settle('new', there),
  'settle another': (stage: Stage) => stage.settle('new', UNKNOWN),
  keep: (stage: Stage, there: WriteId) => stage.keep(there),
  'keep another': (stage: Stage) => stage.keep(UNKNOWN),
  remove: async (stage: Stage) => (await stage.remove()) === true,
} satisfies Record<string, (stage: Stage, there: WriteId) => Promise<boolean | string | Grant>>;

interface State {
  readonly name: string;
  /** What leads to it. */
  readonly make: (stage: Stage) => Promise<unknown>;
  /** When it is looked at, in milliseconds after the beginning. */
  readonly at: number;
  readonly holds: string;
  /** The answer to each step, and what the key holds then. */
  readonly steps: { readonly [Step in keyof typeof STEPS]: string };
}

/** Nothing there, whatever was there once. */
const NOTHING = {
  holds: 'nothing',
  steps: {
    acquire: 'granted: my lease for 500',
    refresh: 'granted: my lease for 500',
    renew: 'no: nothing',
    fulfil: 'no: nothing',
    release: 'no: nothing',
    begin: 'a new write: my lease for 500',
    settle: 'no: nothing',
    'settle another': 'no: nothing',
    keep: 'no: nothing',
    'keep another': 'no: nothing',
    remove: 'no: nothing',
  },
};

async function refreshAt(stage: Stage, time: number, token: string): Promise<void> {
  await stage.write('old', LEASABLE);
  stage.now = time;
  expect(await stage.refresh(token)).toEqual({ outcome: 'granted' });
}

const STATES: readonly State[] = [
  { name: 'nothing', make: async () => undefined, at: 0, ...NOTHING },
  { name: 'an entry past its end', make: (stage) => stage.write('old', LEASABLE), at: 2_000, ...NOTHING },
  { name: 'a lease past its end', make: (stage) => stage.acquire(ANOTHER), at: 500, ...NOTHING },
  { name: 'my lease past its end', make: (stage) => stage.acquire(), at: 500, ...NOTHING },
  {
    name: 'an entry past its end whose refresh has ended too',
    make: (stage) => refreshAt(stage, 1_600, ME),
    at: 2_100,
    ...NOTHING,
  },
  {
    name: 'a plain entry',
    make: (stage) => stage.write('old'),
    at: 500,
    holds: 'old',
    steps: {
      acquire: 'changed: old',
      refresh: 'granted: my lease for 500',
      renew: 'no: old',
      fulfil: 'no: old',
      release: 'no: old',
      begin: 'that write: old',
      settle: 'yes: new',
      'settle another': 'no: nothing',
      keep: 'yes: old',
      'keep another': 'no: nothing',
      remove: 'yes: nothing',
    },
  },
  {
    name: 'my lease',
    make: (stage) => stage.acquire(),
    at: 100,
    holds: 'my lease for 400',
    steps: {
      acquire: 'granted: my lease for 500',
      refresh: 'granted: my lease for 500',
      renew: 'yes: my lease for 500',
      fulfil: 'yes: new',
      release: 'yes: nothing',
      begin: 'that write: my lease for 400',
      settle: 'yes: new',
      'settle another': 'no: nothing',
      keep: 'no: nothing',
      'keep another': 'no: nothing',
      remove: 'no: nothing',
    },
  },
  {
    name: "another's lease",
    make: (stage) => stage.acquire(ANOTHER),
    at: 100,
    holds: 'its lease for 400',
    steps: {
      acquire: 'held for 400: its lease for 400',
      refresh: 'held for 400: its lease for 400',
      renew: 'no: its lease for 400',
      fulfil: 'no: its lease for 400',
      release: 'no: its lease for 400',
      begin: 'that write: its lease for 400',
      settle: 'yes: new',
      'settle another': 'no: nothing',
      keep: 'no: nothing',
      'keep another': 'no: nothing',
      remove: 'no: nothing',
    },
  },
  {
    name: 'a fresh entry that may be refreshed',
    make: (stage) => stage.write('old', LEASABLE),
    at: 999,
    holds: 'old',
    steps: {
      acquire: 'changed: old',
      refresh: 'granted: old, my lease for 500',
      renew: 'no: old',
      fulfil: 'no: old',
      release: 'no: old',
      begin: 'that write: old',
      settle: 'yes: new',
      'settle another': 'no: nothing',
      keep: 'yes: old',
      'keep another': 'no: nothing',
      remove: 'yes: nothing',
    },
  },
  {
    name: 'a stale entry',
    make: (stage) => stage.write('old', LEASABLE),
    at: 1_000,
    holds: 'stale old',
    steps: {
      acquire: 'changed: stale old',
      refresh: 'granted: stale old, my lease for 500',
      renew: 'no: stale old',
      fulfil: 'no: stale old',
      release: 'no: stale old',
      begin: 'that write: stale old',
      settle: 'yes: new',
      'settle another': 'no: nothing',
      keep: 'yes: stale old',
      'keep another': 'no: nothing',
      remove: 'no: nothing',
    },
  },
  {
    name: 'a fresh entry that another one refreshes early',
    make: (stage) => refreshAt(stage, 500, ANOTHER),
    at: 600,
    holds: 'old, its lease for 400',
    steps: {
      acquire: 'held for 400: old, its lease for 400',
      refresh: 'held for 400: old, its lease for 400',
      renew: 'no: old, its lease for 400',
      fulfil: 'no: old, its lease for 400',
      release: 'no: old, its lease for 400',
      begin: 'that write: old, its lease for 400',
      settle: 'yes: new',
      'settle another': 'no: nothing',
      keep: 'yes: old, its lease for 400',
      'keep another': 'no: nothing',
      remove: 'yes: nothing',
    },
  },
  {
    name: 'a stale entry that I refresh',
    make: (stage) => refreshAt(stage, 1_100, ME),
    at: 1_200,
    holds: 'stale old, my lease for 400',
    steps: {
      acquire: 'granted: stale old, my lease for 500',
      refresh: 'granted: stale old, my lease for 500',
      renew: 'yes: stale old, my lease for 500',
      fulfil: 'yes: new',
      release: 'yes: stale old, a pause for 300',
      begin: 'that write: stale old, my lease for 400',
      settle: 'yes: new',
      'settle another': 'no: nothing',
      keep: 'yes: stale old, my lease for 400',
      'keep another': 'no: nothing',
      remove: 'no: nothing',
    },
  },
  {
    name: 'a stale entry that I could have refreshed, and that nobody else has taken since',
    make: (stage) => refreshAt(stage, 1_100, ME),
    at: 1_600,
    holds: 'stale old',
    steps: {
      acquire: 'granted: stale old, my lease for 500',
      refresh: 'granted: stale old, my lease for 500',
      renew: 'yes: stale old, my lease for 500',
      fulfil: 'yes: new',
      release: 'yes: stale old, a pause for 300',
      begin: 'that write: stale old',
      settle: 'yes: new',
      'settle another': 'no: nothing',
      keep: 'yes: stale old',
      'keep another': 'no: nothing',
      remove: 'no: nothing',
    },
  },
  {
    name: 'a stale entry whose refresher has died',
    make: (stage) => refreshAt(stage, 1_100, ANOTHER),
    at: 1_600,
    holds: 'stale old',
    steps: {
      acquire: 'changed: stale old',
      refresh: 'granted: stale old, my lease for 500',
      renew: 'no: stale old',
      fulfil: 'no: stale old',
      release: 'no: stale old',
      begin: 'that write: stale old',
      settle: 'yes: new',
      'settle another': 'no: nothing',
      keep: 'yes: stale old',
      'keep another': 'no: nothing',
      remove: 'no: nothing',
    },
  },
  {
    name: 'an entry past its end that I still refresh',
    make: (stage) => refreshAt(stage, 1_600, ME),
    at: 2_000,
    holds: 'my lease for 100',
    steps: {
      acquire: 'granted: my lease for 500',
      refresh: 'granted: my lease for 500',
      renew: 'yes: my lease for 500',
      fulfil: 'yes: new',
      release: 'yes: nothing',
      begin: 'that write: my lease for 100',
      settle: 'yes: new',
      'settle another': 'no: nothing',
      keep: 'yes: my lease for 100',
      'keep another': 'no: nothing',
      remove: 'no: nothing',
    },
  },
  {
    name: 'an entry past its end that another one still refreshes',
    make: (stage) => refreshAt(stage, 1_600, ANOTHER),
    at: 2_000,
    holds: 'its lease for 100',
    steps: {
      acquire: 'held for 100: its lease for 100',
      refresh: 'held for 100: its lease for 100',
      renew: 'no: its lease for 100',
      fulfil: 'no: its lease for 100',
      release: 'no: its lease for 100',
      begin: 'that write: its lease for 100',
      settle: 'yes: new',
      'settle another': 'no: nothing',
      keep: 'yes: its lease for 100',
      'keep another': 'no: nothing',
      remove: 'no: nothing',
    },
  },
  {
    name: 'a stale entry whose refresh has failed',
    make: async (stage) => {
      await refreshAt(stage, 1_100, ANOTHER);
      await stage.release(300, ANOTHER);
    },
    at: 1_200,
    holds: 'stale old, a pause for 200',
    steps: {
      acquire: 'paused for 200: stale old, a pause for 200',
      refresh: 'paused for 200: stale old, a pause for 200',
      renew: 'no: stale old, a pause for 200',
      fulfil: 'no: stale old, a pause for 200',
      release: 'no: stale old, a pause for 200',
      begin: 'that write: stale old, a pause for 200',
      settle: 'yes: new',
      'settle another': 'no: nothing',
      keep: 'yes: stale old, a pause for 200',
      'keep another': 'no: nothing',
      remove: 'no: nothing',
    },
  },
];

describe('A key of a store in memory', () => {
  it.each(STATES)(
    'that holds $name answers every command by the table',
    async ({ make, at, holds, steps }) => {
      const found: Record<string, string> = {};
      for (const [name, step] of Object.entries(STEPS)) {
        const stage = new Stage();
        await make(stage);
        stage.now = at;
        const before = await stage.read();
        expect(inWords(before)).toBe(holds);
        const answer = await step(stage, idOf(before));
        found[name] = `${answerInWords(answer, idOf(before))}: ${inWords(await stage.read())}`;
      }
      expect(found).toEqual(steps);
    },
  );

  it.each(STATES)('that holds $name is replaced by a write', async ({ make, at }) => {
    const stage = new Stage();
    await make(stage);
    stage.now = at;
    const writeId = await stage.write('new');
    expect(writeId).toHaveLength(8);
    expect(await stage.read()).toMatchObject({ state: 'entry', writeId, fresh: true });
    expect(inWords(await stage.read())).toBe('new');
    expect(await stage.fulfil('late')).toBe(false);
    expect(await stage.fulfil('late', ANOTHER)).toBe(false);
    expect(inWords(await stage.read())).toBe('new');
  });

  it.each(STATES)('that holds $name wakes its watcher exactly when a command changed it', async (state) => {
    for (const [name, step] of Object.entries(STEPS)) {
      const stage = new Stage();
      await state.make(stage);
      stage.now = state.at;
      const before = await stage.read();
      const changes = await stage.watch();
      await step(stage, idOf(before));
      const changed = JSON.stringify(await stage.read()) !== JSON.stringify(before);
      expect([name, await changes()]).toEqual([name, changed ? 1 : 0]);
    }
  });

  it('tells what it holds: value, stamps, and what a refresh must know', async () => {
    const stage = new Stage();
    const stamps = new Map([['city', 'version']]);
    const writeId = await stage.write('old', { ...LEASABLE, stamps });
    stage.now = 400;
    const entry = { state: 'entry', writeId, bytes: Buffer.from('old'), start: 0, stamps };
    expect(await stage.read()).toEqual({
      ...entry,
      fresh: true,
      refresh: { freshFor: 600, goneIn: 1_600, loadTime: 40 },
    });
    await stage.refresh(ANOTHER);
    stage.now = 1_000;
    await stage.refresh(ME);
    stage.now = 1_200;
    const lease = { token: ME, endsIn: 300 };
    expect(await stage.read()).toEqual({
      ...entry,
      fresh: false,
      refresh: { freshFor: -200, goneIn: 800, loadTime: 40, lease },
    });
    await stage.write('plain', { stamps });
    expect(await stage.read()).toMatchObject({ stamps, bytes: Buffer.from('plain') });
    expect(await stage.read()).not.toHaveProperty('refresh');
  });

  it('takes an entry without a time to live for plain', async () => {
    const stage = new Stage();
    const puts = [{ key: 'key', bytes: Buffer.from('old'), extras: LEASABLE }];
    await stage.store.execute({ op: 'write', prefix: 'app:', puts });
    stage.now = 1e15;
    expect(inWords(await stage.read())).toBe('old');
    expect(await stage.read()).not.toHaveProperty('refresh');
  });

  it('has another write when a lease takes the place of a plain entry, and the same one beside the other kind', async () => {
    const stage = new Stage();
    const plain = await stage.write('old');
    await stage.refresh();
    expect(idOf(await stage.read())).not.toBe(plain);
    const leasable = await stage.write('old', LEASABLE);
    await stage.refresh();
    expect(idOf(await stage.read())).toBe(leasable);
  });

  it('keeps no safety net where none is wanted, and may be refreshed all the same', async () => {
    const stage = new Stage();
    await stage.write('old', { refresh: { staleFor: 0, loadTime: 40 } });
    stage.now = 900;
    expect(await stage.refresh()).toEqual({ outcome: 'granted' });
    stage.now = 1_000;
    expect(inWords(await stage.read())).toBe('my lease for 400');
    expect(await stage.release(300)).toBe(true);
    expect(inWords(await stage.read())).toBe('nothing');
  });

  it('ends an entry when it would have ended once its lease is given back, and a pause no later', async () => {
    const stage = new Stage();
    await refreshAt(stage, 1_900, ME);
    expect(await stage.release(300)).toBe(true);
    stage.now = 1_999;
    expect(inWords(await stage.read())).toBe('stale old, a pause for 201');
    stage.now = 2_000;
    expect(await stage.acquire(ANOTHER)).toEqual({ outcome: 'granted' });
    expect(inWords(await stage.read())).toBe('its lease for 500');
  });

  it('may be refreshed again at once when no pause is wanted, and by anybody after one', async () => {
    const stage = new Stage();
    await refreshAt(stage, 1_100, ME);
    await stage.release(0);
    expect(inWords(await stage.read())).toBe('stale old');
    await stage.refresh();
    await stage.release(300);
    stage.now = 1_399;
    expect(await stage.refresh(ANOTHER)).toEqual({ outcome: 'paused', endsIn: 1 });
    stage.now = 1_400;
    expect(await stage.refresh(ANOTHER)).toEqual({ outcome: 'granted' });
  });

  it('outlives its end as long as its lease is renewed', async () => {
    const stage = new Stage();
    await refreshAt(stage, 1_900, ME);
    for (stage.now = 2_300; stage.now < 5_000; stage.now += 400) {
      expect(await stage.renew()).toBe(true);
      expect(inWords(await stage.read())).toBe('my lease for 500');
    }
    expect(await stage.fulfil('new', ME, LEASABLE)).toBe(true);
    expect(inWords(await stage.read())).toBe('new');
  });

  it('is left by writers that overlap either empty or as the last one of them wrote it', async () => {
    const stage = new Stage();
    const [first, second] = [await stage.begin(ME), await stage.begin(ANOTHER)];
    expect(first).toBe(second);
    expect(await stage.settle('first', first)).toBe(true);
    expect(await stage.settle('second', second)).toBe(false);
    expect(inWords(await stage.read())).toBe('nothing');
  });

  it('has room for a lease from the beginning when it may be refreshed, so that none is ever refused for its size', async () => {
    const stage = new Stage({ maxBytes: 40 });
    expect(await stage.write('x'.repeat(20))).toHaveLength(8);
    expect(await stage.write('x'.repeat(20), LEASABLE)).toMatchObject({ code: 'CACHE_VALUE_TOO_LARGE' });
    expect(await stage.write('x'.repeat(9), LEASABLE)).toHaveLength(8);
  });

  it.each(['write', 'fulfil', 'settle', 'acquire'] as const)(
    'refuses what it could never hold to %s, and stays as it was',
    async (op) => {
      const stage = new Stage({ maxBytes: 60 });
      const large = 'x'.repeat(60);
      const key = 'k'.repeat(50);
      const seen = await stage.begin();
      const before = await stage.read();
      const attempts = {
        write: () => stage.write(large),
        fulfil: () => rejection(stage.fulfil(large)),
        settle: () => rejection(stage.settle(large, seen)),
        acquire: () => rejection(stage.acquire(ME, undefined, key)),
      };
      expect(await attempts[op]()).toMatchObject({
        name: 'CacheSerializationError',
        code: 'CACHE_VALUE_TOO_LARGE',
        key: op === 'acquire' ? key : 'key',
      });
      expect(await stage.read()).toEqual(before);
    },
  );
});

describe('Watching a key of a store in memory', () => {
  it('answers what the key held, and calls once, after the code that made the change', async () => {
    const { store } = new Stage();
    const told: string[] = [];
    const { slot } = await store.watch('app:', 'key', () => told.push('changed'));
    expect(slot).toEqual({ state: 'absent' });
    const puts = [{ key: 'key', bytes: Buffer.from('new') }];
    const written = store.execute({ op: 'write', prefix: 'app:', puts });
    expect(told).toEqual([]);
    await written;
    await store.execute({ op: 'write', prefix: 'app:', puts });
    expect(told).toEqual(['changed']);
  });

  it.each<[string, (stage: Stage) => Promise<unknown>]>([
    ['is cleared', (stage) => stage.clear()],
    ['is cleared with everything', (stage) => stage.clear('')],
    [
      'is pushed out by other entries',
      (stage) => stage.write('1', undefined, '1').then(() => stage.write('2', undefined, '2')),
    ],
    ['is pushed out by versions of tags', (stage) => stage.stamp(1_000, 'a', 'b')],
    ['may be gone, because the store is closed', (stage) => stage.store.close()],
  ])('tells everybody when the key %s', async (_name, change) => {
    const stage = new Stage({ maxEntries: 2 });
    await stage.write('old');
    const watchers = [await stage.watch(), await stage.watch()];
    await change(stage);
    expect(await Promise.all(watchers.map((changes) => changes()))).toEqual([1, 1]);
  });

  it.each<[string, (stage: Stage) => Promise<unknown>]>([
    ['another key changes', (stage) => stage.write('new', undefined, 'key:2')],
    [
      'the same key of another prefix changes',
      (stage) => stage.store.execute({ op: 'write', prefix: 'api:', puts: [stage.put('new')] }),
    ],
    ['another prefix is cleared', (stage) => stage.clear('app:key:')],
    ['somebody looks at it', (stage) => stage.read()],
    [
      'a tag of the same name is evicted',
      async (stage) => (await stage.stamp(1_000, 'key'), stage.evict('key')),
    ],
    ['it comes to its own end', async (stage) => ((stage.now = 2_000), stage.read())],
  ])('tells nobody when %s', async (_name, change) => {
    const stage = new Stage();
    await stage.write('old', LEASABLE);
    const changes = await stage.watch();
    await change(stage);
    expect(await changes()).toBe(0);
  });

  it('tells nobody who stopped, not even of a change that has been made', async () => {
    const stage = new Stage();
    const told: string[] = [];
    const early = await stage.store.watch('app:', 'key', () => told.push('early'));
    const late = await stage.store.watch('app:', 'key', () => told.push('late'));
    await stage.store.watch('app:', 'key', () => told.push('other'));
    early.stop();
    early.stop();
    const written = stage.write('new');
    late.stop();
    await written;
    await new Promise(setImmediate);
    expect(told).toEqual(['other']);
  });

  it('tells at once who comes after the end', async () => {
    const stage = new Stage();
    await stage.store.close();
    expect(await (await stage.watch())()).toBe(1);
  });

  it('keeps nothing of those who were told or who stopped', async () => {
    const watchers = new KeyWatchers();
    const stops = ['a', 'a', 'b', 'c'].map((key) => watchers.add(key, () => undefined));
    expect(watchers.size).toBe(3);
    watchers.wake('a');
    expect(watchers.size).toBe(2);
    stops.forEach((stop) => stop());
    expect(watchers.size).toBe(0);
    watchers.add('a', () => undefined);
    watchers.close();
    watchers.add('b', () => undefined);
    expect(watchers.size).toBe(0);
  });
});

describe('Tags of a store in memory', () => {
  it('have no version until they are stamped, and then the same one', async () => {
    const stage = new Stage();
    expect(await stage.versions('a', EPOCH)).toEqual([undefined, undefined]);
    const [a, epoch] = await stage.stamp(1_000, 'a', EPOCH);
    expect(a).toMatch(/^[\0-\xff]{16}$/);
    expect(epoch).not.toBe(a);
    expect(await stage.versions('a', 'b', EPOCH)).toEqual([a, undefined, epoch]);
    expect(await stage.stamp(1_000, EPOCH, 'a', 'a')).toEqual([epoch, a, a]);
  });

  it('never have a version twice', async () => {
    const stage = new Stage();
    const seen = new Set<string>();
    for (let round = 0; round < 100; round += 1) {
      for (const version of await stage.stamp(1_000, 'a', 'b')) seen.add(version);
      await stage.evict('a', 'b');
      expect(await stage.versions('a', 'b')).toEqual([undefined, undefined]);
    }
    expect(seen.size).toBe(200);
  });

  it('live twice as long as they are needed, and again when less than that is left', async () => {
    const stage = new Stage();
    const [version] = await stage.stamp(1_000, 'a');
    stage.now = 1_000;
    await stage.stamp(1_000, 'a');
    stage.now = 1_999;
    expect(await stage.versions('a')).toEqual([version]);
    expect(await stage.stamp(1_000, 'a')).toEqual([version]);
    stage.now = 3_998;
    expect(await stage.versions('a')).toEqual([version]);
    stage.now = 3_999;
    expect(await stage.versions('a')).toEqual([undefined]);
    expect(await stage.stamp(1_000, 'a')).not.toEqual([version]);
  });

  it('are not prolonged while enough is left', async () => {
    const stage = new Stage();
    await stage.stamp(1_000, 'a');
    stage.now = 1_000;
    await stage.stamp(1_000, 'a');
    stage.now = 2_000;
    expect(await stage.versions('a')).toEqual([undefined]);
  });

  it('belong to their prefix, and no key reaches them', async () => {
    const stage = new Stage();
    await stage.stamp(1_000, 'key', EPOCH);
    expect(await stage.read()).toEqual({ state: 'absent' });
    expect(await stage.store.execute({ op: 'versions', prefix: 'api:', tags: ['key'] })).toEqual([undefined]);

    const changes = await stage.watch('\uDC00key');
    await stage.evict('key');
    expect(await changes()).toBe(1);
    const cache = new InMemoryCache();
    expect(await rejection(cache.get('\uDC00key'))).toMatchObject({ code: 'CACHE_KEY_INVALID' });
  });

  it('are cleared with their prefix, like entries and leases', async () => {
    const stage = new Stage();
    await stage.write('old', undefined, 'entry');
    await stage.acquire(ME);
    const [version] = await stage.stamp(1_000, 'a');
    await stage.clear('api:');
    expect(await stage.versions('a')).toEqual([version]);
    await stage.clear();
    expect(await stage.versions('a')).toEqual([undefined]);
    expect(await stage.fulfil('late')).toBe(false);
    expect(await Promise.all([stage.read('entry'), stage.read()])).toEqual([
      { state: 'absent' },
      { state: 'absent' },
    ]);
  });

  it('and leases count against the bounds like entries', async () => {
    const few = new Stage({ maxEntries: 2 });
    await few.stamp(1_000, 'a');
    await few.acquire(ME, undefined, '1');
    await few.acquire(ME, undefined, '2');
    expect(await few.versions('a')).toEqual([undefined]);

    const small = new Stage({ maxBytes: 1_000 });
    for (let index = 0; index < 100; index += 1) await small.stamp(1_000, `tag:${index}`);
    const tags = Array.from({ length: 100 }, (_, index) => `tag:${index}`);
    const kept = (await small.versions(...tags)).filter((version) => version !== undefined).length;
    expect(kept).toBeGreaterThan(20);
    expect(kept).toBeLessThan(40);
  });

  it('count as part of the entries that carry them', async () => {
    const stage = new Stage({ maxBytes: 400 });
    const stamps = new Map([['t'.repeat(300), ME]]);
    await stage.write('first', { stamps }, 'first');
    await stage.write('second', { stamps }, 'second');
    expect(await stage.read('first')).toEqual({ state: 'absent' });
    expect(await stage.read('second')).toMatchObject({ state: 'entry', stamps });
  });

  it('that are longer than everything the store may hold are refused', async () => {
    const stage = new Stage({ maxBytes: 100 });
    expect(await rejection(stage.stamp(1_000, 'x'.repeat(100)))).toMatchObject({
      code: 'CACHE_VALUE_TOO_LARGE',
    });
  });
});

function failureOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

import { setTimeout as delay } from 'node:timers/promises';
import type { CacheLoadOptions, RedisCache } from '@spakky/nestjs-redis-cache';
import { ORIGIN_TAKES, OriginError, pretendWork } from './chaos-origin.js';
import { type ChaosValue, makeValue } from './chaos-value.js';
import type { Look } from './judge.js';
import { AREAS, nameOf, tagOf } from './key-name.js';
import type { KeyPlace, Ledger } from './ledger.js';
import type { OwnKey, Ticket } from './own-key.js';
import type { Random } from './random.js';
import { type Expectations, fateOf, type StageWatch } from './stage-watch.js';
import type { Witness } from './witness.js';

/** What a load may fail with at any time: others' leases may have been left behind by a fault. */
const PARDONS: ReadonlySet<string> = new Set([OriginError.code, 'CACHE_LOCK_TIMEOUT']);
const LEASE = 500;
const LONGEST_WAIT = 1_200;
/** What a load may come to when others get in its way each time: looks, attempts, the last step. */
const TRIPS = 8;

/** What it takes to work on the keys that are loaded. */
export interface OriginParts {
  readonly stage: number;
  readonly owners: number;
  readonly cache: RedisCache;
  readonly watch: StageWatch;
  readonly witness: Witness;
  /** Of what is loaded through other caches of this process. */
  readonly guestWitness: Witness;
  readonly ledger: Ledger;
  readonly random: Random;
  /** Those that this process changes. */
  readonly keys: readonly OwnKey[];
}

/** Loads values that everyone loads, and changes them at their origin. */
export class OriginLoad {
  /** How many factories run: some go on when nobody waits for them. */
  #running = 0;

  constructor(private readonly parts: OriginParts) {}

  get isLoading(): boolean {
    return this.#running > 0;
  }

  /** A few callers at once ask for one value. */
  async load(cache: RedisCache): Promise<void> {
    const { random, cache: own } = this.parts;
    const place = this.#somewhere();
    const options = this.#options(place);
    const callers = Array.from({ length: random.between(1, 4) }, () =>
      this.#call(cache, place, options, cache !== own),
    );
    await Promise.all(callers);
  }

  async loadMany(): Promise<void> {
    const { random, cache, watch, witness } = this.parts;
    const places = new Map(
      Array.from({ length: random.between(2, 6) }, () => this.#somewhere(0)).map((place) => [
        nameOf(place, 0).name,
        { place, before: witness.look(place) },
      ]),
    );
    const outcome = await watch.observe(
      'getOrSetMany',
      () =>
        cache.getOrSetMany(
          places.keys(),
          async (names) =>
            Promise.all(
              names.map(async (name) => [name, await this.#make(places.get(name)?.place, name)] as const),
            ),
          { ttl: '1s', ...this.#patience() },
        ),
      this.#expectations(),
    );
    if (outcome.code !== undefined) return;
    for (const [name, value] of outcome.value) {
      const asked = places.get(name);
      if (asked !== undefined) witness.judgeLoaded('getOrSetMany', asked.place, name, asked.before, value);
    }
  }

  /**
   * Changes the origin of a key of its own, or of several, and lets the cache know in one of the ways there are. One
   * change of a key at a time: otherwise its versions would not be in the order in which the origin got them.
   */
  async change(): Promise<void> {
    const { random, keys } = this.parts;
    const dice = random.next();
    const key = random.pick(keys);
    const concerned = dice < 0.3 ? keys.filter(({ place }) => tagOf(place) !== undefined) : [key];
    if (concerned.some(({ record }) => record.unsettled > 0)) return;
    if (dice < 0.3) await this.#changeAndEvict(concerned);
    else if (dice < 0.6) await this.#changeAndDelete(key);
    else await this.#writeThrough(key);
  }

  async #call(
    cache: RedisCache,
    place: KeyPlace,
    options: CacheLoadOptions,
    isGuest: boolean,
  ): Promise<void> {
    const { watch } = this.parts;
    const witness = isGuest ? this.parts.guestWitness : this.parts.witness;
    const { name } = nameOf(place, 0);
    const before = witness.look(place);
    const outcome = await watch.observe(
      'getOrSet',
      () => cache.getOrSet(name, () => this.#make(place, name), options),
      { ...this.#expectations(), extra: Number(options.waitFor) + ORIGIN_TAKES, isGuest },
    );
    if (outcome.code !== undefined) return;
    // Without Redis nobody can know of a change that somebody else has confirmed.
    const known = options.whenUnavailable === 'load' ? withoutFloor(before) : before;
    witness.judgeLoaded('getOrSet', place, name, known, outcome.value);
  }

  /** Reads the origin at once: whatever happens to it until the value is there must not be lost. */
  async #make(place: KeyPlace | undefined, name: string): Promise<ChaosValue> {
    const { ledger, random } = this.parts;
    if (place === undefined) throw new Error(`Nobody asked for ${name}`);
    const { origin } = ledger.record(place);
    this.#running += 1;
    try {
      await pretendWork(random);
      return makeValue(name, origin);
    } finally {
      this.#running -= 1;
    }
  }

  async #changeAndDelete(key: OwnKey): Promise<void> {
    const { cache, watch } = this.parts;
    const ticket = key.begin('removed');
    key.writeOrigin(ticket.sequence);
    const outcome = await watch.observe('delete', () => cache.delete(nameOf(key.place, 0).name));
    settleChange(key, ticket, outcome.code);
  }

  async #changeAndEvict(tagged: readonly OwnKey[]): Promise<void> {
    const { cache, watch } = this.parts;
    const tags = new Set(tagged.flatMap(({ place }) => tagOf(place) ?? []));
    const tickets = tagged.map((key): [OwnKey, Ticket] => [key, key.begin('removed')]);
    for (const [key, { sequence }] of tickets) key.writeOrigin(sequence);
    const outcome = await watch.observe('evictTags', () => cache.evictTags(...tags), { trips: 2 });
    for (const [key, ticket] of tickets) settleChange(key, ticket, outcome.code);
  }

  async #writeThrough(key: OwnKey): Promise<void> {
    const { cache, watch, random } = this.parts;
    const { name } = nameOf(key.place, 0);
    const tag = tagOf(key.place);
    const ticket = key.begin('stored');
    const value = makeValue(name, ticket.sequence);
    let isWritten = false;
    const write = async (): Promise<void> => {
      await pretendWork(random);
      key.writeOrigin(ticket.sequence);
      isWritten = true;
      await delay(random.between(0, 10));
    };
    const outcome = await watch.observe(
      'writeThrough',
      () => cache.writeThrough(name, value, write, tag === undefined ? {} : { tags: [tag] }),
      // Stamps, the begin, and at the end the write, or else the removal.
      { trips: 4, extra: ORIGIN_TAKES + 20, pardons: PARDONS },
    );
    if (isWritten) settleChange(key, ticket, outcome.code);
    else key.settle(ticket, 'refused');
  }

  /** Any key of anyone that is loaded. */
  #somewhere(parity?: 0 | 1): KeyPlace {
    const { stage, owners, random } = this.parts;
    const [first, end] = AREAS.origin;
    const key = random.between(first, end - 1);
    const owner = random.between(0, owners - 1);
    // Keys that are loaded together have no tag in common.
    return { stage, owner, key: parity === undefined ? key : key - (key % 2) + parity };
  }

  #options(place: KeyPlace): CacheLoadOptions {
    const { random } = this.parts;
    const tag = tagOf(place);
    const tags = tag === undefined ? undefined : random.happens(0.5) ? [tag] : (): string[] => [tag];
    if (random.happens(0.15)) return { tags, whenUnavailable: 'load', ...this.#patience() };
    if (random.happens(0.4)) return { tags, ...this.#patience() };
    return {
      tags,
      ttl: random.between(50, 1_500),
      staleFor: random.happens(0.5) ? random.between(100, 2_000) : 0,
      factoryTimeout: random.happens(0.2) ? 10 : undefined,
      refreshEarly: random.happens(0.2) ? 1 : undefined,
      ...this.#patience(),
    };
  }

  #patience(): CacheLoadOptions {
    const waitFor = this.parts.random.between(300, LONGEST_WAIT);
    return { waitFor, leaseFor: LEASE, pauseFor: 50 };
  }

  #expectations(): Expectations {
    return { trips: TRIPS, extra: LONGEST_WAIT + ORIGIN_TAKES, pardons: PARDONS };
  }
}

function withoutFloor(look: Look): Look {
  return { ...look, record: { ...look.record, floor: 0 } };
}

/** The origin has it; only of what is confirmed it is known that nothing older is in the cache. */
function settleChange(key: OwnKey, ticket: Ticket, code: string | undefined): void {
  key.settle(ticket, fateOf(code) === 'done' ? 'done' : 'doubtful');
}

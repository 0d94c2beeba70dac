import { SpakkyCacheError } from '../../lib/contract/errors.js';
import type { CacheStore, HeldLease, Outcome, Put, Slot } from '../../lib/core/cache-store.js';
import {
  HOLDERS,
  type Holder,
  LABELS,
  LEASE,
  type Life,
  type Place,
  PLACES,
  type Question,
  type Turn,
} from './store-commands.js';
import { type Sight, StoreReference } from './store-reference.js';

/** A store, and how its time passes. */
export interface StoreStage {
  readonly store: CacheStore;
  readonly prefix: string;
  /** Milliseconds. */
  readonly unit: number;
  /** How far a time may be from what it should be, in milliseconds. */
  readonly tolerance: number;
  /** Waits until so many units have passed since the beginning. */
  until(units: number): Promise<void>;
  /** Whether so little time has passed beside that, that what the store says cannot depend on it. */
  isPunctual(units: number): boolean;
  /** Writes behind the store's back. */
  spoil?(wholeKey: string, as: 'bytes' | 'list'): Promise<void>;
}

/** The schedule took too long to say anything. */
export const LATE = 'late';

/**
 * Asks a store and the reference the same questions, and looks at everything after each.
 *
 * @returns the first difference, {@link LATE}, or nothing
 */
export async function compareWithReference(
  schedule: readonly Turn[],
  stage: StoreStage,
): Promise<string | undefined> {
  const comparison = new Comparison(stage);
  let now = 0;
  for (const [index, { rest, question }] of schedule.entries()) {
    now += rest;
    await stage.until(now);
    const difference = await comparison.step(question, rest, index + 1);
    if (!stage.isPunctual(now)) return LATE;
    if (difference !== undefined) return `${JSON.stringify(question)} at ${now}: ${difference}`;
  }
  return undefined;
}

class Comparison {
  readonly #stage: StoreStage;
  readonly #reference = new StoreReference();
  /** What the store calls what the reference numbers. */
  readonly #writes = new Naming();
  readonly #versions = new Naming();

  constructor(stage: StoreStage) {
    this.#stage = stage;
  }

  async step(question: Question, rest: number, body: number): Promise<string | undefined> {
    this.#reference.advance(rest);
    const seen = 'seen' in question ? this.#reference.seen(question.key, question.seen) : undefined;
    const asked = this.#ask(question, this.#writes.nameOf(seen), body).catch(toError);
    const [expected, answer] = [this.#reference.answer(question, body), await asked];
    const found = this.#numbered(answer, expected);
    if (found !== expected) return `answered "${found}" where "${expected}" is right`;
    return (await this.#compareSlots()) ?? (await this.#compareVersions());
  }

  async #compareSlots(): Promise<string | undefined> {
    const { store, prefix } = this.#stage;
    const slots = await store.execute({ op: 'read', prefix, keys: PLACES });
    for (const [index, key] of PLACES.entries()) {
      const expected = this.#reference.sights().get(key);
      const slot = slots[index];
      if (expected === undefined || slot === undefined) continue;
      const difference = this.#compareSlot(slot, expected);
      if (difference !== undefined) return `then ${key} held ${difference}`;
    }
    return undefined;
  }

  #compareSlot(slot: Outcome<Slot>, expected: Sight): string | undefined {
    const found = sightOf(slot);
    if (found.text !== expected.text) return `"${found.text}" where "${expected.text}" is right`;
    if (!this.#writes.agree(expected.write, found.write)) return `another write than it should`;
    for (const name of ['freshFor', 'leaseEndsIn'] as const) {
      const [right, wrong] = [expected[name], found[name]];
      if (right === undefined && wrong === undefined) continue;
      const isNear =
        Math.abs((right ?? Infinity) * this.#stage.unit - (wrong ?? Infinity)) <= this.#stage.tolerance;
      if (!isNear) return `${name} ${wrong} ms where ${(right ?? 0) * this.#stage.unit} ms is right`;
    }
    return undefined;
  }

  async #compareVersions(): Promise<string | undefined> {
    const { store, prefix } = this.#stage;
    const found = await store.execute({ op: 'versions', prefix, tags: LABELS });
    const expected = this.#reference.versions();
    const index = LABELS.findIndex((label, at) => !this.#versions.agree(expected.get(label), found[at]));
    return index < 0 ? undefined : `then the version of "${LABELS[index]}" was not what it should be`;
  }

  /** Puts the reference's numbers in the place of what the store calls its writes and versions. */
  #numbered(answer: Answer, expected: string): string {
    const numbers = expected.match(/\d+/g)?.map(Number) ?? [];
    const naming = answer.kind === 'versions' ? this.#versions : this.#writes;
    const named = answer.names.map((name, index) =>
      naming.agree(numbers[index], name) ? numbers[index] : '?',
    );
    return answer.kind === 'plain' ? answer.text : `${answer.text} ${named.join()}`;
  }

  async #ask(question: Question, seen: string | undefined, body: number): Promise<Answer> {
    const { store, prefix } = this.#stage;
    switch (question.op) {
      case 'write': {
        const [outcome] = await store.execute({
          op: 'write',
          prefix,
          puts: [this.#put(question.key, question.life, body)],
        });
        return typeof outcome === 'string' ? plain('written') : plain('error');
      }
      case 'remove': {
        const [outcome] = await store.execute({ op: 'remove', prefix, keys: [question.key] });
        return typeof outcome === 'boolean' ? plain(outcome) : plain('error');
      }
      case 'clear':
        await store.execute({ op: 'clear', prefix });
        return plain('done');
      case 'acquire': {
        const { key, by } = question;
        const command = {
          op: 'acquire',
          prefix,
          key,
          token: tokenOf(by),
          lease: this.#lease(by),
          seen,
        } as const;
        const grant = await store.execute(command);
        if (grant.outcome === 'held')
          return { kind: 'writes', text: 'held by write', names: [grant.writeId] };
        return plain(grant.outcome);
      }
      case 'stamp': {
        const names = await store.execute({
          op: 'stamp',
          prefix,
          tags: question.labels,
          need: question.need * this.#stage.unit,
        });
        return { kind: 'versions', text: 'versions', names };
      }
      case 'evict':
        await store.execute({ op: 'evict', prefix, tags: question.labels });
        return plain('done');
      case 'begin': {
        const command = {
          op: 'begin',
          prefix,
          key: question.key,
          token: tokenOf('writer'),
          lease: this.#lease('writer'),
        } as const;
        return { kind: 'writes', text: 'write', names: [await store.execute(command)] };
      }
      case 'spoil':
        await this.#stage.spoil?.(prefix + question.key, question.as);
        return plain('done');
      default:
        return plain(await this.#askWhether(question, seen, body));
    }
  }

  #askWhether(
    question: Extract<Question, { readonly op: 'renew' | 'fulfil' | 'release' | 'settle' | 'keep' }>,
    seen = '\0'.repeat(8),
    body = 0,
  ): Promise<boolean> {
    const { store, prefix, unit } = this.#stage;
    const { key } = question;
    switch (question.op) {
      case 'renew':
        return store.execute({
          op: 'renew',
          prefix,
          key,
          token: tokenOf(question.by),
          lease: this.#lease(question.by),
        });
      case 'fulfil':
        return store.execute({
          op: 'fulfil',
          prefix,
          put: this.#put(key, question.life, body),
          token: tokenOf(question.by),
        });
      case 'release':
        return store.execute({
          op: 'release',
          prefix,
          key,
          token: tokenOf(question.by),
          pause: question.pause * unit,
        });
      case 'settle':
        return store.execute({ op: 'settle', prefix, put: this.#put(key, question.life, body), seen });
      default:
        return store.execute({ op: 'keep', prefix, key, writeId: seen });
    }
  }

  #lease(by: Holder): number {
    return LEASE[by] * this.#stage.unit;
  }

  #put(key: Place, { ttl, staleFor }: Life, body: number): Put {
    const { store, unit } = this.#stage;
    const refresh = staleFor === undefined ? undefined : { staleFor: staleFor * unit, loadTime: 7 };
    const extras = refresh === undefined ? undefined : { refresh };
    const text = `entry ${body}`;
    const room = store.roomFor(extras);
    const bytes = Buffer.alloc(room + text.length);
    bytes.write(text, room, 'latin1');
    return { key, bytes, ttl: ttl === undefined ? undefined : ttl * unit, extras };
  }
}

/** What a store answered: words, and names of its own. */
interface Answer {
  readonly kind: 'plain' | 'writes' | 'versions';
  readonly text: string;
  readonly names: readonly string[];
}

/** The same things under two names, one to one. */
class Naming {
  readonly #names = new Map<number, string>();
  readonly #numbers = new Map<string, number>();

  nameOf(number: number | undefined): string | undefined {
    return this.#names.get(number ?? 0);
  }

  agree(number: number | undefined, name: string | undefined): boolean {
    if (number === undefined || name === undefined) return number === undefined && name === undefined;
    if (!this.#names.has(number) && !this.#numbers.has(name)) {
      this.#names.set(number, name);
      this.#numbers.set(name, number);
    }
    return this.#names.get(number) === name && this.#numbers.get(name) === number;
  }
}

interface FoundSight extends Omit<Sight, 'write'> {
  readonly write: string | undefined;
}

function sightOf(slot: Outcome<Slot>): FoundSight {
  const nothing = { write: undefined, freshFor: undefined, leaseEndsIn: undefined };
  if (!('state' in slot)) return { ...nothing, text: 'error' };
  if (slot.state === 'absent') return { ...nothing, text: 'absent' };
  const { writeId: write } = slot;
  if (slot.state === 'lease')
    return { ...nothing, text: `lease of ${holderOf(slot.lease)}`, write, leaseEndsIn: slot.lease.endsIn };
  const { refresh, bytes, start, fresh } = slot;
  const body = bytes.toString('latin1', start);
  if (refresh === undefined) return { ...nothing, text: body, write };
  const text = `${fresh ? 'fresh' : 'stale'} ${body}, lease of ${holderOf(refresh.lease)}`;
  return { text, write, freshFor: refresh.freshFor, leaseEndsIn: refresh.lease?.endsIn };
}

function holderOf(lease: HeldLease | undefined): string {
  if (lease === undefined) return 'none';
  return lease.token === '' ? 'nobody' : (HOLDERS.find((by) => tokenOf(by) === lease.token) ?? 'somebody');
}

function tokenOf(by: Holder): string {
  return by.padEnd(16, '.');
}

function plain(text: string | boolean): Answer {
  return { kind: 'plain', text: String(text), names: [] };
}

function toError(error: unknown): Answer {
  if (error instanceof SpakkyCacheError) return plain('error');
  throw error;
}

import {
  type Holder,
  type Label,
  LABELS,
  LEASE,
  type Life,
  type Place,
  PLACES,
  type Question,
  type Seen,
} from './store-commands.js';

/** What a key is seen to hold: a line, with numbers in the place of write ids. Times in units. */
export interface Sight {
  readonly text: string;
  /** Tells writes apart; absent where nothing is seen. */
  readonly write: number | undefined;
  readonly freshFor: number | undefined;
  readonly leaseEndsIn: number | undefined;
}

interface Entry {
  readonly kind: 'entry';
  readonly write: number;
  readonly body: number;
  readonly freshUntil: number;
  /** Absent for a plain entry. */
  readonly dieAt: number | undefined;
  /** Who refreshes it, or nobody, for a pause. */
  lease: { readonly by: Holder | undefined; readonly until: number } | undefined;
}

interface Lease {
  readonly kind: 'lease';
  readonly write: number;
  readonly by: Holder;
  until: number;
}

interface Foreign {
  readonly kind: 'foreign';
  readonly as: 'bytes' | 'list';
}

type Held = Entry | Lease | Foreign;

/** The table of states and transitions, in the simplest way: what a store has to answer. */
export class StoreReference {
  readonly #held = new Map<Place, Held>();
  readonly #former = new Map<Place, number>();
  readonly #versions = new Map<Label, { readonly version: number; until: number }>();
  #now = 0;
  #lastWrite = 0;
  #lastVersion = 0;

  advance(units: number): void {
    this.#now += units;
  }

  /** The number of the write that a question names. */
  seen(key: Place, which: Seen): number | undefined {
    if (which === 'none') return undefined;
    const held = this.#at(key);
    const current = held === undefined || held.kind === 'foreign' ? undefined : held.write;
    return which === 'current' ? current : this.#former.get(key);
  }

  /** Answers a question as a store should; `body` is what it writes. */
  answer(question: Question, body: number): string {
    if (question.op === 'clear') return this.#clear();
    if (question.op === 'stamp') return this.#stamp(question.labels, question.need);
    if (question.op === 'evict') {
      for (const label of question.labels) this.#versions.delete(label);
      return 'done';
    }
    const { key } = question;
    if (question.op === 'spoil') {
      this.#put(key, { kind: 'foreign', as: question.as });
      return 'done';
    }
    if (question.op === 'write') {
      this.#put(key, this.#entry(question.life, body));
      return 'written';
    }
    const held = this.#at(key);
    if (held?.kind === 'foreign') return 'error';
    return this.#answerOwn(question, held, body);
  }

  sights(): Map<Place, Sight> {
    return new Map(PLACES.map((key) => [key, this.#sight(this.#at(key))]));
  }

  versions(): Map<Label, number | undefined> {
    return new Map(LABELS.map((label) => [label, this.#version(label)?.version]));
  }

  #answerOwn(
    question: Exclude<Question, { readonly op: 'clear' | 'stamp' | 'evict' | 'spoil' | 'write' }>,
    held: Entry | Lease | undefined,
    body: number,
  ): string {
    const { key } = question;
    switch (question.op) {
      case 'remove':
        this.#remove(key);
        return String(held?.kind === 'entry' && this.#now < held.freshUntil);
      case 'acquire':
        return this.#acquire(key, held, question.by, this.seen(key, question.seen));
      case 'renew':
        if (held === undefined || !isOwn(held, question.by)) return 'false';
        this.#lend(held, question.by);
        return 'true';
      case 'fulfil':
        if (held === undefined || !isOwn(held, question.by)) return 'false';
        this.#put(key, this.#entry(question.life, body));
        return 'true';
      case 'release':
        if (held === undefined || !isOwn(held, question.by)) return 'false';
        if (held.kind === 'lease' || this.#now >= (held.dieAt ?? Infinity)) this.#remove(key);
        else held.lease = { by: undefined, until: this.#now + question.pause };
        return 'true';
      case 'begin':
        if (held === undefined) this.#put(key, this.#lease('writer'));
        return `write ${this.seen(key, 'current')}`;
      case 'settle':
        if (held === undefined) return 'false';
        if (held.write !== this.seen(key, question.seen)) return this.#removeAnd(key, 'false');
        this.#put(key, this.#entry(question.life, body));
        return 'true';
      default:
        if (held === undefined) return 'false';
        if (held.kind === 'lease' || held.write !== this.seen(key, question.seen))
          return this.#removeAnd(key, 'false');
        // Another write of it, for whoever noted the one before.
        this.#put(key, { ...held, write: this.#nextWrite() });
        return 'true';
    }
  }

  #acquire(key: Place, held: Entry | Lease | undefined, by: Holder, seen: number | undefined): string {
    if (held !== undefined && isOwn(held, by)) {
      this.#lend(held, by);
      return 'granted';
    }
    const lease = held?.kind === 'lease' ? held : held?.lease;
    if (held !== undefined && lease !== undefined && this.#now < lease.until) {
      return lease.by === undefined ? 'paused' : `held by write ${held.write}`;
    }
    if (held !== undefined && held.write !== seen) return 'changed';
    if (held?.kind === 'entry' && held.dieAt !== undefined) this.#lend(held, by);
    else this.#put(key, this.#lease(by));
    return 'granted';
  }

  #lend(held: Entry | Lease, by: Holder): void {
    const until = this.#now + LEASE[by];
    if (held.kind === 'lease') held.until = until;
    else held.lease = { by, until };
  }

  #entry({ ttl, staleFor }: Life, body: number): Entry {
    const freshUntil = this.#now + (ttl ?? Infinity);
    const dieAt = staleFor === undefined ? undefined : freshUntil + staleFor;
    return { kind: 'entry', write: this.#nextWrite(), body, freshUntil, dieAt, lease: undefined };
  }

  #lease(by: Holder): Lease {
    return { kind: 'lease', write: this.#nextWrite(), by, until: this.#now + LEASE[by] };
  }

  #nextWrite(): number {
    this.#lastWrite += 1;
    return this.#lastWrite;
  }

  #put(key: Place, held: Held): void {
    this.#remember(key);
    this.#held.set(key, held);
  }

  #remove(key: Place): void {
    this.#remember(key);
    this.#held.delete(key);
  }

  #removeAnd(key: Place, answer: string): string {
    this.#remove(key);
    return answer;
  }

  #remember(key: Place): void {
    const held = this.#at(key);
    if (held !== undefined && held.kind !== 'foreign') this.#former.set(key, held.write);
  }

  #clear(): string {
    for (const key of PLACES) this.#remove(key);
    this.#versions.clear();
    return 'done';
  }

  #stamp(labels: readonly Label[], need: number): string {
    const drawn = labels.map((label) => {
      const found = this.#version(label);
      if (found === undefined) {
        this.#lastVersion += 1;
        this.#versions.set(label, { version: this.#lastVersion, until: this.#now + 2 * need });
        return this.#lastVersion;
      }
      if (found.until - this.#now < need) found.until = this.#now + 2 * need;
      return found.version;
    });
    return `versions ${drawn.join()}`;
  }

  #version(label: Label): { readonly version: number; until: number } | undefined {
    const found = this.#versions.get(label);
    return found !== undefined && this.#now < found.until ? found : undefined;
  }

  /** What the key holds that has not ended: a lease keeps an entry alive. */
  #at(key: Place): Held | undefined {
    const held = this.#held.get(key);
    if (held === undefined || held.kind === 'foreign') return held;
    const end = held.kind === 'lease' ? held.until : Math.max(held.dieAt ?? held.freshUntil, keptUntil(held));
    if (this.#now < end) return held;
    this.#former.set(key, held.write);
    this.#held.delete(key);
    return undefined;
  }

  #sight(held: Held | undefined): Sight {
    const nothing = { write: undefined, freshFor: undefined, leaseEndsIn: undefined };
    if (held === undefined) return { ...nothing, text: 'absent' };
    if (held.kind === 'foreign') return { ...nothing, text: 'error' };
    const { write } = held;
    const lease = held.kind === 'lease' ? held : held.lease;
    const isHeld = lease !== undefined && this.#now < lease.until;
    const leaseEndsIn = isHeld ? lease.until - this.#now : undefined;
    const whose = isHeld ? (lease.by ?? 'nobody') : 'none';
    if (held.kind === 'lease') return { ...nothing, text: `lease of ${whose}`, write, leaseEndsIn };
    const { dieAt, freshUntil, body } = held;
    if (dieAt === undefined) return { ...nothing, text: `entry ${body}`, write };
    // A lease keeps the key a little longer than the entry in it.
    if (this.#now >= dieAt) return { ...nothing, text: `lease of ${whose}`, write, leaseEndsIn };
    const isFresh = this.#now < freshUntil;
    const text = `${isFresh ? 'fresh' : 'stale'} entry ${body}, lease of ${whose}`;
    return { text, write, freshFor: freshUntil - this.#now, leaseEndsIn };
  }
}

function keptUntil({ lease }: Entry): number {
  return lease?.by === undefined ? 0 : lease.until;
}

/** Also when its time has passed, as long as nobody else has taken it. */
function isOwn(held: Entry | Lease, by: Holder): boolean {
  return (held.kind === 'lease' ? held.by : held.lease?.by) === by;
}

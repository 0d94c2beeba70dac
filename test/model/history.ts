import type { Action, Key, Loading } from './program.js';

/** One entry that somebody tried to write; every value names its own. Times on the clock of the schedule. */
export interface Put {
  readonly id: number;
  readonly key: Key;
  /** Of two calls the one that was made later has the higher one. */
  readonly order: number;
  readonly via: 'set' | 'load' | 'through' | 'behind';
  /** What its origin held; 0 for a key without one. */
  readonly version: number;
  readonly process: number;
  /** When its call began. */
  readonly called: number;
  /** When the value was asked for: of a load when its factory began, else when its call began. */
  readonly begun: number;
  readonly ttl: number | undefined;
  readonly staleFor: number;
  readonly tags: readonly string[];
  /** When its call had answered; `Infinity` while it has not, and for ever when nobody knows what became of it. */
  ended: number;
  /** When the store first confirmed that it holds it, and when it may have done so for the first time. */
  stored: { readonly earliest: number; readonly latest: number } | undefined;
}

/** One answer about a key. */
export interface Read {
  readonly kind: 'get' | 'load';
  readonly key: Key;
  readonly process: number;
  readonly begun: number;
  readonly ended: number;
  /** The put that it answered; absent: a miss. */
  readonly put: number | undefined;
  readonly loading: Loading | undefined;
}

/** One wait for a key that had no value at first: a call of getOrSet, whatever came of it. */
export interface Visit {
  readonly key: Key;
  readonly process: number;
  readonly loading: Loading;
  readonly begun: number;
  /** Whether its own factory was called. */
  hasLoaded: boolean;
  ended: number;
}

/** One call of a factory for one key. */
export interface Run {
  readonly key: Key;
  readonly process: number;
  readonly visit: Visit;
  readonly begun: number;
  /** When the factory was done; `Infinity` when its process has died. */
  ended: number;
  hasFailed: boolean;
  isAborted: boolean;
}

/** In the place of a process. */
export const NOBODY = -1;

/** Something that changed keys, or that may have. */
export interface Change {
  readonly op: Exclude<Action['op'], 'get' | 'load' | 'crash' | 'disturb'>;
  /** Of two calls the one that was made later has the higher one. */
  readonly order: number;
  readonly keys: readonly Key[];
  /** Those that were evicted or lost, or those of the entries that were written. */
  readonly tags: readonly string[];
  /** {@link NOBODY} for what no process did. */
  readonly process: number;
  readonly begun: number;
  /** When its call had answered; `Infinity` for ever when nobody knows what became of it. */
  answered: number;
  /** When nothing of it can happen any more: later than the answer where something follows in the background. */
  ended: number;
  hasFailed: boolean;
}

/** A time in which a key was nobody's to load, for a reason that the history of calls does not tell. */
export interface Hold {
  readonly key: Key;
  readonly from: number;
  until: number;
}

/** What everybody did and saw. */
export class History {
  readonly puts = new Map<number, Put>();
  readonly reads: Read[] = [];
  readonly visits: Visit[] = [];
  readonly runs: Run[] = [];
  readonly changes: Change[] = [];
  readonly holds: Hold[] = [];
  readonly crashes: { readonly process: number; readonly at: number }[] = [];
  /** Keys that may differ from their origins, because a writer died or its outcome is unknown. */
  readonly spoiled = new Set<Key>();
  /** What is wrong by itself. */
  readonly flaws: string[] = [];
  #lastPut = 0;
  #lastOrder = 0;

  addPut(put: Omit<Put, 'id' | 'order' | 'ended' | 'stored'>): Put {
    this.#lastPut += 1;
    const added: Put = {
      ...put,
      id: this.#lastPut,
      order: this.nextOrder(),
      ended: Infinity,
      stored: undefined,
    };
    this.puts.set(added.id, added);
    return added;
  }

  confirm(id: number | undefined, earliest: number, latest: number): void {
    const put = this.puts.get(id ?? 0);
    if (put !== undefined && put.stored === undefined) put.stored = { earliest, latest };
  }

  nextOrder(): number {
    this.#lastOrder += 1;
    return this.#lastOrder;
  }

  add<Entry>(list: Entry[], entry: Entry): Entry {
    list.push(entry);
    return entry;
  }
}

/** What a put writes; it is found again in whatever holds it. */
export function valueOf({ id, version }: Put): string {
  return `#${version}.${id}#`;
}

const VALUE = /#(\d+)\.(\d+)#/;

/** Which put a value is of; absent for what no put has written. */
export function putIn(text: unknown): number | undefined {
  const found = VALUE.exec(String(text));
  return found === null ? undefined : Number(found[2]);
}

/** What the origin held when the value was made. */
export function versionIn(text: unknown): number | undefined {
  const found = VALUE.exec(String(text));
  return found === null ? undefined : Number(found[1]);
}

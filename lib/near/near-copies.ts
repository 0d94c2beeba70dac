import { LRUCache } from 'lru-cache';
import type { EntrySlot, SharedValue, Stamps, TagVersion } from '../core/cache-store.js';
import type { Keeping, Warrant } from '../core/followable-store.js';

/** Measured: what a copy takes in memory beside its bytes and its key. */
const COPY_OVERHEAD = 300;
/** What a stamp takes beside the name of its tag. */
const STAMP_OVERHEAD = 100;

/** What bounds the copies. */
export interface NearBounds {
  readonly maxEntries: number;
  /** Of keys and values together. */
  readonly maxBytes: number;
}

/** An entry that is kept; whoever reads it is given this object. */
export class EntryCopy implements EntrySlot {
  readonly state = 'entry';
  readonly fresh = true;
  readonly start = 0;
  readonly writeId: string;
  readonly bytes: Buffer;
  readonly stamps: Stamps | undefined;
  readonly shared: SharedValue | undefined;
  readonly until: number;
  readonly warrant: Warrant;

  constructor(entry: EntrySlot, { until, warrant }: Keeping, shared: SharedValue | undefined) {
    this.writeId = entry.writeId;
    this.bytes = ownBytes(entry);
    this.stamps = entry.stamps;
    this.shared = shared;
    this.until = until;
    this.warrant = warrant;
  }
}

/** The version of a tag that is kept. */
export class VersionCopy {
  readonly version: TagVersion;
  readonly until: number;
  readonly warrant: Warrant;

  constructor(version: TagVersion, { until, warrant }: Keeping) {
    this.version = version;
    this.until = until;
    this.warrant = warrant;
  }
}

type Copy = EntryCopy | VersionCopy;

/** Copies by whole key, bounded in number and in bytes: the least recently used go first. */
export class NearCopies {
  readonly #maxBytes: number;
  readonly #copies: LRUCache<string, Copy>;

  constructor({ maxEntries, maxBytes }: NearBounds) {
    this.#maxBytes = maxBytes;
    this.#copies = new LRUCache({ max: maxEntries, maxSize: maxBytes });
  }

  /** The entry under a whole key, if it may serve now. */
  entry(key: string, now: number): EntryCopy | undefined {
    const copy = this.#copies.get(key);
    return copy instanceof EntryCopy && this.#mayServe(key, copy, now) ? copy : undefined;
  }

  /** The version under the key of a tag, if it may serve now. */
  version(key: string, now: number): TagVersion | undefined {
    const copy = this.#copies.get(key);
    return copy instanceof VersionCopy && this.#mayServe(key, copy, now) ? copy.version : undefined;
  }

  /** The copy of this very write, whether or not it may serve by itself. */
  entryOfWrite(key: string, writeId: string): EntryCopy | undefined {
    const copy = this.#copies.peek(key);
    return copy instanceof EntryCopy && copy.writeId === writeId ? copy : undefined;
  }

  /** Whether the copy is of this version. */
  isVersion(key: string, version: TagVersion): boolean {
    const copy = this.#copies.peek(key);
    return copy instanceof VersionCopy && copy.version === version;
  }

  /** Keeps an entry in place of what was kept under its key. Undefined when it is too large. */
  keepEntry(key: string, entry: EntrySlot, keeping: Keeping, shared?: SharedValue): EntryCopy | undefined {
    const size = sizeOf(key, entry);
    if (size > this.#maxBytes) {
      this.#copies.delete(key);
      return undefined;
    }
    const copy = new EntryCopy(entry, keeping, shared);
    this.#copies.set(key, copy, { size });
    return copy;
  }

  keepVersion(key: string, version: TagVersion, keeping: Keeping): void {
    const size = COPY_OVERHEAD + key.length + version.length;
    this.#copies.set(key, new VersionCopy(version, keeping), { size });
  }

  /** Answers whether there was one. */
  drop(key: string): boolean {
    return this.#copies.delete(key);
  }

  dropUnder(prefix: string): void {
    const under = [...this.#copies.keys()].filter((key) => key.startsWith(prefix));
    for (const key of under) this.#copies.delete(key);
  }

  dropAll(): void {
    this.#copies.clear();
  }

  get count(): number {
    return this.#copies.size;
  }

  get bytes(): number {
    return this.#copies.calculatedSize;
  }

  /** A warrant that is only late may hold again; an end never moves. */
  #mayServe(key: string, { until, warrant }: Copy, now: number): boolean {
    if (now < until) return warrant.holds(now);
    this.#copies.delete(key);
    return false;
  }
}

/** A reply may be a part of something large, which would stay in memory with it. */
function ownBytes({ bytes, start }: EntrySlot): Buffer {
  const own = Buffer.allocUnsafeSlow(bytes.length - start);
  bytes.copy(own, 0, start);
  return own;
}

function sizeOf(key: string, { bytes, start, stamps }: EntrySlot): number {
  let size = COPY_OVERHEAD + key.length + bytes.length - start;
  for (const tag of stamps?.keys() ?? []) size += STAMP_OVERHEAD + tag.length;
  return size;
}

import { LRUCache } from 'lru-cache';
import type { EntrySlot, Stamps, TagVersion, WriteId } from '../core/cache-store.js';
import type { Keeping } from '../core/followable-store.js';
import { type Copy, EntryCopy, nameOfTag, type Place, VersionCopy } from './copies.js';

/** Measured: what a copy takes in memory beside its bytes and its key. */
const COPY_OVERHEAD = 600;
/** Measured: what a value takes once it is decoded, in lengths of its bytes. */
const DECODED = 3;
/** What a stamp takes beside the name of its tag. */
const STAMP_OVERHEAD = 100;
/** So often the use of a copy is noted, in milliseconds: to note each one takes as long as all the rest of a read. */
const NOTING_INTERVAL = 100;

/** What bounds the copies. */
export interface NearBounds {
  readonly maxEntries: number;
  /** Of keys and values together. */
  readonly maxBytes: number;
}

/** Copies by whole key, bounded in number and in bytes: the least recently used go first. */
export class NearCopies {
  readonly #maxBytes: number;
  readonly #copies: LRUCache<string, Copy>;
  /** By prefix and key as well: to put both together takes longer than to look for each. */
  readonly #shelves = new Map<string, Map<string, EntryCopy>>();

  constructor({ maxEntries, maxBytes }: NearBounds) {
    this.#maxBytes = maxBytes;
    this.#copies = new LRUCache({
      max: maxEntries,
      maxSize: maxBytes,
      dispose: (copy) => this.#onDropped(copy),
    });
  }

  /** The entry under a key, if it may serve now. */
  entry(prefix: string, key: string, now: number): EntryCopy | undefined {
    const copy = this.#shelves.get(prefix)?.get(key) ?? this.#copies.peek(prefix + key);
    return copy instanceof EntryCopy && this.#mayServe(copy, now) ? copy : undefined;
  }

  /** The same, if all versions are kept, too, that make it a hit. */
  hit(prefix: string, key: string, now: number): EntryCopy | undefined {
    const copy = this.#shelves.get(prefix)?.get(key);
    if (copy === undefined || !this.#mayServe(copy, now)) return undefined;
    return copy.stamps === undefined || this.#isCurrent(copy, prefix, copy.stamps, now) ? copy : undefined;
  }

  /** The version under the name of a tag, if it may serve now. */
  version(prefix: string, name: string, now: number): VersionCopy | undefined {
    const copy = this.#copies.peek(prefix + name);
    return copy instanceof VersionCopy && this.#mayServe(copy, now) ? copy : undefined;
  }

  /** The copy of this very write, whether or not it may serve by itself. */
  entryOfWrite({ prefix, name }: Place, writeId: WriteId): EntryCopy | undefined {
    const copy = this.#copies.peek(prefix + name);
    return copy instanceof EntryCopy && copy.writeId === writeId ? copy : undefined;
  }

  /** Whether the copy is of this version. */
  isVersion({ prefix, name }: Place, version: TagVersion): boolean {
    const copy = this.#copies.peek(prefix + name);
    return copy instanceof VersionCopy && copy.version === version;
  }

  /** Keeps an entry in the place of what was kept there. Undefined when it is too large. */
  keepEntry(place: Place, entry: EntrySlot, keeping: Keeping): EntryCopy | undefined {
    const wholeKey = place.prefix + place.name;
    const size = sizeOf(wholeKey, entry);
    if (size > this.#maxBytes) {
      this.drop(wholeKey);
      return undefined;
    }
    const copy = new EntryCopy(place, entry, keeping);
    this.#copies.set(wholeKey, copy, { size });
    const shelf = this.#shelves.get(place.prefix);
    if (shelf === undefined) this.#shelves.set(place.prefix, new Map([[place.name, copy]]));
    else shelf.set(place.name, copy);
    return copy;
  }

  keepVersion(place: Place, version: TagVersion, keeping: Keeping): void {
    const wholeKey = place.prefix + place.name;
    const size = COPY_OVERHEAD + wholeKey.length + version.length;
    this.#copies.set(wholeKey, new VersionCopy(place, version, keeping), { size });
  }

  /** Answers whether there was a copy. */
  drop(wholeKey: string): boolean {
    return this.#copies.delete(wholeKey);
  }

  dropUnder(prefix: string): void {
    const under = [...this.#copies.keys()].filter((wholeKey) => wholeKey.startsWith(prefix));
    for (const wholeKey of under) this.#copies.delete(wholeKey);
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
  #mayServe(copy: Copy, now: number): boolean {
    if (now >= copy.until) {
      this.drop(copy.place.prefix + copy.place.name);
      return false;
    }
    if (!copy.warrant.holds(now)) return false;
    if (now - copy.usedAt >= NOTING_INTERVAL) {
      copy.usedAt = now;
      this.#copies.get(copy.place.prefix + copy.place.name);
    }
    return true;
  }

  /** Which versions agree is looked for once; from then on they only have to be here still. */
  #isCurrent(copy: EntryCopy, prefix: string, stamps: Stamps, now: number): boolean {
    if (copy.versions?.every((version) => version.isKept && this.#mayServe(version, now))) return true;
    const found: VersionCopy[] = [];
    for (const [tag, stamp] of stamps) {
      const version = this.version(prefix, nameOfTag(tag), now);
      if (version?.version !== stamp) return false;
      found.push(version);
    }
    copy.versions = found;
    return true;
  }

  #onDropped(copy: Copy): void {
    copy.isKept = false;
    const { prefix, name } = copy.place;
    const shelf = this.#shelves.get(prefix);
    if (shelf === undefined || shelf.get(name) !== copy) return;
    shelf.delete(name);
    if (shelf.size === 0) this.#shelves.delete(prefix);
  }
}

function sizeOf(wholeKey: string, { bytes, start, stamps }: EntrySlot): number {
  let size = COPY_OVERHEAD + wholeKey.length + (bytes.length - start) * (1 + DECODED);
  for (const tag of stamps?.keys() ?? []) size += STAMP_OVERHEAD + tag.length;
  return size;
}

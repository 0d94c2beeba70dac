import { LRUCache } from 'lru-cache';
import { CacheSerializationError } from '../contract/errors.js';
import { KeyWatchers } from './key-watchers.js';
import type { KeyRecord, MemoryRecord, VersionRecord } from './memory-record.js';

/** What bounds a store, and the clock that its records expire by. */
export interface MemoryStoreOptions {
  readonly maxEntries: number;
  /** Of keys and values together. */
  readonly maxBytes: number;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/** Records by key, bounded in number and in bytes: the least recently used go first. Whoever watches a key is told. */
export class MemoryTable {
  readonly watchers = new KeyWatchers();
  readonly #maxBytes: number;
  readonly #records: LRUCache<string, MemoryRecord>;

  constructor({ maxEntries, maxBytes }: MemoryStoreOptions) {
    this.#maxBytes = maxBytes;
    this.#records = new LRUCache({
      max: maxEntries,
      maxSize: maxBytes,
      dispose: (_record, key, reason) => {
        if (reason === 'evict') this.watchers.wake(key);
      },
    });
  }

  /** What the key of a value holds. */
  find(key: string, now: number): KeyRecord | undefined {
    const record = this.#living(key, now);
    return record?.kind === 'version' ? undefined : record;
  }

  /** The version under the key of a tag. */
  findVersion(key: string, now: number): VersionRecord | undefined {
    const record = this.#living(key, now);
    return record?.kind === 'version' ? record : undefined;
  }

  /** Replaces what a key holds; {@link MemoryTable.refusal} was asked before. */
  put(key: string, record: MemoryRecord, size: number): void {
    this.#records.set(key, record, { size });
    this.watchers.wake(key);
  }

  /** Empties a key. */
  remove(key: string): void {
    if (this.#records.delete(key)) this.watchers.wake(key);
  }

  /** Empties every key under a prefix. */
  clear(prefix: string): void {
    const own = [...this.#records.keys()].filter((key) => key.startsWith(prefix));
    for (const key of own) this.remove(key);
  }

  close(): void {
    this.#records.clear();
    this.watchers.close();
  }

  /**
   * Why something can never be stored.
   *
   * @param size in bytes, with its key
   * @param what is to be stored, for people
   * @param key as the application knows it; absent for what is stored under no key of its own
   */
  refusal(size: number, what: string, key?: string): CacheSerializationError | undefined {
    if (size <= this.#maxBytes) return undefined;
    return new CacheSerializationError(
      'CACHE_VALUE_TOO_LARGE',
      `Cannot store ${what}: with its key it takes ${size} bytes, ` +
        `but this memory cache holds ${this.#maxBytes} in all: raise maxBytes, or store less.`,
      { key },
    );
  }

  /** The record, unless it is past its end; as in Redis that comes with the millisecond that it names. */
  #living(key: string, now: number): MemoryRecord | undefined {
    const record = this.#records.get(key);
    if (record === undefined || now < record.endsAt) return record;
    this.#records.delete(key);
    return undefined;
  }
}

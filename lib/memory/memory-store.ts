import { LRUCache } from 'lru-cache';
import { CacheSerializationError } from '../contract/errors.js';
import type {
  CacheStore,
  Command,
  CommandHandlers,
  Operation,
  Outcome,
  Put,
  Reply,
  Slot,
} from '../core/cache-store.js';

/** What bounds a store, and the clock that its entries expire by. */
export interface MemoryStoreOptions {
  readonly maxEntries: number;
  /** Of keys and bodies together. */
  readonly maxBytes: number;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

interface Entry {
  readonly bytes: Buffer;
  /** By the clock, in milliseconds since the epoch; `Infinity` for an entry that stays. */
  readonly expiresAt: number;
}

const ABSENT: Slot = { state: 'absent' };

/** Slots in this process, bounded by entries and by bytes; the least recently used go first. */
export class MemoryStore implements CacheStore {
  readonly room = 0;
  readonly #entries: LRUCache<string, Entry>;
  readonly #options: MemoryStoreOptions;

  readonly #handlers: CommandHandlers = {
    read: async ({ prefix, keys }) => keys.map((key) => this.#read(prefix + key)),
    write: async ({ prefix, puts }) => puts.map((put) => this.#write(prefix + put.key, put)),
    remove: async ({ prefix, keys }) => keys.map((key) => this.#remove(prefix + key)),
    clear: async ({ prefix }) => this.#clear(prefix),
    ping: async () => undefined,
  };

  constructor(options: MemoryStoreOptions) {
    this.#options = options;
    this.#entries = new LRUCache({ max: options.maxEntries, maxSize: options.maxBytes });
  }

  execute<Op extends Operation>(command: Command<Op>): Promise<Reply<Op>> {
    return this.#handlers[command.op](command);
  }

  async close(): Promise<void> {
    this.#entries.clear();
  }

  #read(key: string): Slot {
    const entry = this.#fresh(key);
    return entry === undefined ? ABSENT : { state: 'entry', fresh: true, bytes: entry.bytes, start: 0 };
  }

  #write(physicalKey: string, { key, bytes, ttl }: Put): Outcome<void> {
    const size = Buffer.byteLength(physicalKey) + bytes.byteLength;
    if (size > this.#options.maxBytes) {
      return new CacheSerializationError(
        'CACHE_VALUE_TOO_LARGE',
        `Cannot store ${JSON.stringify(key)}: with its key it takes ${size} bytes, ` +
          `but this memory cache holds ${this.#options.maxBytes} in all: raise maxBytes, or store less.`,
        { key },
      );
    }
    const expiresAt = ttl === undefined ? Infinity : this.#options.clock() + ttl;
    this.#entries.set(physicalKey, { bytes, expiresAt }, { size });
    return undefined;
  }

  #remove(key: string): boolean {
    const held = this.#fresh(key) !== undefined;
    this.#entries.delete(key);
    return held;
  }

  #clear(prefix: string): void {
    const own = [...this.#entries.keys()].filter((key) => key.startsWith(prefix));
    for (const key of own) this.#entries.delete(key);
  }

  /** The entry, unless it is past its time to live; as in Redis it ends with the millisecond that it names. */
  #fresh(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || this.#options.clock() < entry.expiresAt) return entry;
    this.#entries.delete(key);
    return undefined;
  }
}

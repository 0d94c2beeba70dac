import { newWriteId } from '../codec/write-id.js';
import type { SpakkyCacheError } from '../contract/errors.js';
import type {
  CacheStore,
  Command,
  Grant,
  Inspection,
  LeaseToken,
  Operation,
  Outcome,
  Put,
  Reply,
  Slot,
  Watch,
  WriteId,
} from '../core/cache-store.js';
import {
  ABSENT,
  PAUSE,
  entryOf,
  heldLease,
  inspect,
  isFresh,
  isHeldBy,
  lend,
  pauseRefreshes,
  slotOf,
} from './memory-record.js';
import { sizeOfEntry, sizeOfLease } from './memory-size.js';
import { type MemoryStoreOptions, MemoryTable } from './memory-table.js';
import { MemoryVersions } from './memory-versions.js';

type SyncHandlers = { readonly [Op in Operation]: (command: Command<Op>) => Reply<Op> };

const GRANTED: Grant = { outcome: 'granted' };
const CHANGED: Grant = { outcome: 'changed' };

/** Slots in this process; a command runs to its end before another one begins. */
export class MemoryStore implements CacheStore {
  readonly #table: MemoryTable;
  readonly #versions: MemoryVersions;
  readonly #clock: () => number;

  readonly #handlers: SyncHandlers = {
    read: ({ prefix, keys }) => keys.map((key) => this.#read(prefix + key)),
    inspect: ({ prefix, key }) => this.#inspect(prefix + key),
    write: ({ prefix, puts }) => puts.map((put) => this.#write(prefix, put)),
    remove: ({ prefix, keys }) => keys.map((key) => this.#remove(prefix + key)),
    clear: ({ prefix }) => this.#table.clear(prefix),
    ping: () => undefined,
    acquire: (command) => this.#acquire(command),
    renew: (command) => this.#renew(command),
    fulfil: (command) => this.#fulfil(command),
    release: (command) => this.#release(command),
    begin: (command) => this.#begin(command),
    settle: (command) => this.#settle(command),
    keep: (command) => this.#keep(command),
    versions: ({ prefix, tags }) => tags.map((tag) => this.#versions.find(prefix, tag, this.#clock())),
    stamp: ({ prefix, tags, need }) =>
      tags.map((tag) => this.#versions.stamp(prefix, tag, need, this.#clock())),
    evict: ({ prefix, tags }) => tags.forEach((tag) => this.#versions.evict(prefix, tag)),
  };

  constructor(options: MemoryStoreOptions) {
    this.#table = new MemoryTable(options);
    this.#versions = new MemoryVersions(this.#table);
    this.#clock = options.clock;
  }

  roomFor(): number {
    return 0;
  }

  async execute<Op extends Operation>(command: Command<Op>): Promise<Reply<Op>> {
    return this.#handlers[command.op](command);
  }

  executeSync<Op extends Operation>(command: Command<Op>): Reply<Op> {
    return this.#handlers[command.op](command);
  }

  async watch(prefix: string, key: string, onChange: () => void): Promise<Watch> {
    const stop = this.#table.watchers.add(prefix + key, onChange);
    return { slot: this.#read(prefix + key), stop };
  }

  async close(): Promise<void> {
    this.#table.close();
  }

  #read(key: string): Slot {
    const now = this.#clock();
    const record = this.#table.find(key, now);
    return record === undefined ? ABSENT : slotOf(record, now);
  }

  #inspect(key: string): Inspection {
    const now = this.#clock();
    return inspect(this.#table.find(key, now), now);
  }

  #write(prefix: string, put: Put): Outcome<WriteId> {
    const key = prefix + put.key;
    const size = sizeOfEntry(key, put);
    return this.#refusal(put, size) ?? this.#replace(key, put, size, this.#clock());
  }

  #remove(key: string): boolean {
    const now = this.#clock();
    const record = this.#table.find(key, now);
    if (record === undefined) return false;
    this.#table.remove(key);
    return isFresh(record, now);
  }

  #acquire({ prefix, key, token, lease, seen }: Command<'acquire'>): Grant {
    const now = this.#clock();
    const place = prefix + key;
    const record = this.#table.find(place, now);
    if (record === undefined) {
      this.#placeLease(place, key, token, now + lease);
      return GRANTED;
    }
    const own = isHeldBy(record, token);
    const held = own ? undefined : heldLease(record, now);
    if (held?.token === PAUSE) return { outcome: 'paused', endsIn: held.endsIn };
    if (held !== undefined) return { outcome: 'held', writeId: record.writeId, endsIn: held.endsIn };
    if (!own && record.writeId !== seen) return CHANGED;
    if (record.kind === 'plain') {
      this.#placeLease(place, key, token, now + lease);
      return GRANTED;
    }
    lend(record, token, now + lease);
    this.#table.watchers.wake(place);
    return GRANTED;
  }

  #renew({ prefix, key, token, lease }: Command<'renew'>): boolean {
    const now = this.#clock();
    const record = this.#table.find(prefix + key, now);
    if (record === undefined || !isHeldBy(record, token)) return false;
    lend(record, token, now + lease);
    this.#table.watchers.wake(prefix + key);
    return true;
  }

  #fulfil({ prefix, put, token }: Command<'fulfil'>): boolean {
    const key = prefix + put.key;
    const size = this.#requiredSize(key, put);
    const now = this.#clock();
    const record = this.#table.find(key, now);
    if (record === undefined || !isHeldBy(record, token)) return false;
    this.#replace(key, put, size, now);
    return true;
  }

  #release({ prefix, key, token, pause }: Command<'release'>): boolean {
    const now = this.#clock();
    const record = this.#table.find(prefix + key, now);
    if (record === undefined || !isHeldBy(record, token)) return false;
    if (record.kind === 'lease') {
      this.#table.remove(prefix + key);
      return true;
    }
    pauseRefreshes(record, now + pause);
    this.#table.watchers.wake(prefix + key);
    return true;
  }

  #begin({ prefix, key, token, lease }: Command<'begin'>): WriteId {
    const now = this.#clock();
    const record = this.#table.find(prefix + key, now);
    return record === undefined ? this.#placeLease(prefix + key, key, token, now + lease) : record.writeId;
  }

  #settle({ prefix, put, seen }: Command<'settle'>): boolean {
    const key = prefix + put.key;
    const size = this.#requiredSize(key, put);
    const now = this.#clock();
    const record = this.#table.find(key, now);
    if (record === undefined) return false;
    if (record.writeId !== seen) {
      this.#table.remove(key);
      return false;
    }
    this.#replace(key, put, size, now);
    return true;
  }

  #keep({ prefix, key, writeId }: Command<'keep'>): boolean {
    const place = prefix + key;
    const record = this.#table.find(place, this.#clock());
    if (record === undefined) return false;
    if (record.kind === 'lease' || record.writeId !== writeId) {
      this.#table.remove(place);
      return false;
    }
    record.writeId = newWriteId();
    this.#table.watchers.wake(place);
    return true;
  }

  #replace(key: string, put: Put, size: number, now: number): WriteId {
    const entry = entryOf(put, now);
    this.#table.put(key, entry, size);
    return entry.writeId;
  }

  /** Puts a lease where no value is, or in the place of one. */
  #placeLease(place: string, key: string, token: LeaseToken, endsAt: number): WriteId {
    const size = sizeOfLease(place);
    const refusal = this.#table.refusal(size, `a lease of ${JSON.stringify(key)}`, key);
    if (refusal !== undefined) throw refusal;
    const writeId = newWriteId();
    this.#table.put(place, { kind: 'lease', writeId, token, endsAt }, size);
    return writeId;
  }

  #requiredSize(key: string, put: Put): number {
    const size = sizeOfEntry(key, put);
    const refusal = this.#refusal(put, size);
    if (refusal !== undefined) throw refusal;
    return size;
  }

  #refusal({ key }: Put, size: number): SpakkyCacheError | undefined {
    return this.#table.refusal(size, JSON.stringify(key), key);
  }
}

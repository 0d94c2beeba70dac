import type { Outcome, Put, Slot } from '../core/cache-store.js';
import { PieceSize } from './piece-size.js';
import { ReadBatch, type ReadHabits } from './read-batch.js';
import { lifeOf } from './redis-slot.js';
import { type KeyRequest, physicalKey } from './script-runner.js';
import { ManySlots, OneSlot, type SlotReceiver } from './slot-receivers.js';
import type { WorkCarrier } from './work.js';
import { WriteBatch } from './write-batch.js';

/** That one command reads. Measured: twice as many are hardly faster; a server with one thread has others to serve. */
export const MOST_READS = 250;
/** That leave in one piece: the server writes them while the next ones are encoded here. With 100 callers (`npm run bench`) all at once are slower, and so are half as many. */
const MOST_WRITES = 64;

/**
 * What is asked of one server in one turn of the event loop, and leaves together at its end, or before anything else
 * does that may concern the same key: the order of the calls is the order in which they take effect.
 */
export class TurnBatches {
  readonly #connection: WorkCarrier;
  readonly #readHabits: ReadHabits = { expectsMisses: false, readsOneByOne: false };
  readonly #pieceOfReads = new PieceSize(MOST_READS);
  readonly #pieceOfWrites = new PieceSize(MOST_WRITES);
  #reads: ReadBatch | undefined;
  #writes: WriteBatch | undefined;
  #isScheduled = false;

  constructor(connection: WorkCarrier) {
    this.#connection = connection;
  }

  /** @param isCertain whether it must be certain that the key holds nothing when it seems so */
  read(prefix: string, key: string, isCertain: boolean): Promise<Slot> {
    const receiver = new OneSlot();
    this.#read(prefix, key, isCertain, receiver, 0);
    this.#sendHalfOfReads();
    return receiver.slot;
  }

  /** The same for several keys, whose outcomes come together. */
  readMany(prefix: string, keys: readonly string[], isCertain: boolean): Promise<readonly Outcome<Slot>[]> {
    const receiver = new ManySlots(keys.length);
    for (const [place, key] of keys.entries()) this.#read(prefix, key, isCertain, receiver, place);
    this.#sendHalfOfReads();
    return receiver.slots;
  }

  /** @param put whose frame is made */
  write(request: KeyRequest, put: Put): Promise<void> {
    const wholeKey = physicalKey(request);
    if (this.#reads?.has(wholeKey) === true) this.#sendReads();
    if (this.#writes?.has(wholeKey) === true) this.#sendWrites();
    if (this.#writes === undefined) {
      this.#writes = new WriteBatch(request.prefix, this.#connection.target);
      this.#schedule();
    }
    const written = this.#writes.add(request, wholeKey, put.bytes, lifeOf(put));
    const { size } = this.#writes;
    if (this.#pieceOfWrites.isFull(size) || this.#pieceOfWrites.isHalf(size)) this.#sendWrites();
    return written;
  }

  /** Whether a write of the key has not been sent yet. */
  holdsWriteOf(wholeKey: string): boolean {
    return this.#writes?.has(wholeKey) === true;
  }

  /** Sends what is waiting, as something else is about to be sent. */
  flush(): void {
    this.#sendWrites();
    this.#sendReads();
  }

  #read(prefix: string, key: string, isCertain: boolean, receiver: SlotReceiver, place: number): void {
    if (this.#writes?.has(prefix + key) === true) this.#sendWrites();
    if (this.#reads === undefined) {
      this.#reads = new ReadBatch(prefix, this.#connection.target, this.#readHabits);
      this.#schedule();
    }
    this.#reads.add(prefix, key, isCertain, receiver, place);
    if (this.#pieceOfReads.isFull(this.#reads.size)) this.#sendReads();
  }

  #sendHalfOfReads(): void {
    if (this.#reads !== undefined && this.#pieceOfReads.isHalf(this.#reads.size)) this.#sendReads();
  }

  #sendReads(): void {
    const reads = this.#reads;
    if (reads === undefined) return;
    this.#reads = undefined;
    reads.piece = this.#pieceOfReads.leave(reads.size);
    this.#connection.carryOut(reads);
  }

  #sendWrites(): void {
    const writes = this.#writes;
    if (writes === undefined) return;
    this.#writes = undefined;
    writes.piece = this.#pieceOfWrites.leave(writes.size);
    this.#connection.carryOut(writes);
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    process.nextTick(this.#endTurn);
  }

  readonly #endTurn = (): void => {
    this.#isScheduled = false;
    this.flush();
    this.#pieceOfReads.endTurn();
    this.#pieceOfWrites.endTurn();
  };
}

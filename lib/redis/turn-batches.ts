import type { Put, Slot } from '../core/cache-store.js';
import { ReadBatch, type ReadHabits } from './read-batch.js';
import { lifeOf } from './redis-slot.js';
import { type KeyRequest, physicalKey } from './script-runner.js';
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
  #reads: ReadBatch | undefined;
  #writes: WriteBatch | undefined;
  #isScheduled = false;

  constructor(connection: WorkCarrier) {
    this.#connection = connection;
  }

  /** @param isCertain whether it must be certain that the key holds nothing when it seems so */
  read(prefix: string, key: string, isCertain: boolean): Promise<Slot> {
    if (this.#writes?.has(prefix + key) === true) this.#sendWrites();
    if (this.#reads?.size === MOST_READS) this.#sendReads();
    if (this.#reads === undefined) {
      this.#reads = new ReadBatch(prefix, this.#connection.target, this.#readHabits);
      this.#schedule();
    }
    return this.#reads.add(prefix, key, isCertain);
  }

  /** @param put whose frame is made */
  write(request: KeyRequest, put: Put): Promise<void> {
    const wholeKey = physicalKey(request);
    if (this.#reads?.has(wholeKey) === true) this.#sendReads();
    if (this.#writes?.size === MOST_WRITES || this.#writes?.has(wholeKey) === true) this.#sendWrites();
    if (this.#writes === undefined) {
      this.#writes = new WriteBatch(request.prefix, this.#connection.target);
      this.#schedule();
    }
    return this.#writes.add(request, wholeKey, put.bytes, lifeOf(put));
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

  #sendReads(): void {
    const reads = this.#reads;
    if (reads === undefined) return;
    this.#reads = undefined;
    this.#connection.carryOut(reads);
  }

  #sendWrites(): void {
    const writes = this.#writes;
    if (writes === undefined) return;
    this.#writes = undefined;
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
  };
}

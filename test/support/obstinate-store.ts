import { RedisCacheConnectionError } from '../../lib/contract/redis-errors.js';
import type { CacheStore, Command, Operation, Reply, Watch } from '../../lib/core/cache-store.js';
import { MemoryStore } from '../../lib/memory/memory-store.js';

/** A store in memory that fails and delays what a test wants, and remembers what it was asked. */
export class ObstinateStore implements CacheStore {
  /** Everything that it was asked, in that order. */
  readonly operations: Operation[] = [];
  readonly #store = new MemoryStore({ maxEntries: 10_000, maxBytes: 2 ** 26, clock: () => Date.now() });
  readonly #failures: Operation[] = [];
  readonly #delays: { readonly operation: Operation; readonly until: Promise<void> }[] = [];

  /** Lets the next commands of this name fail; nothing happens then. */
  failNext(operation: Operation, times = 1): void {
    for (let count = 0; count < times; count += 1) this.#failures.push(operation);
  }

  /** Lets the answer to the next command of this name come late; the command itself is not late. */
  delayNext(operation: Operation, until: Promise<void>): void {
    this.#delays.push({ operation, until });
  }

  roomFor(): number {
    return 0;
  }

  async execute<Op extends Operation>(command: Command<Op>): Promise<Reply<Op>> {
    this.operations.push(command.op);
    const failure = this.#failures.indexOf(command.op);
    if (failure >= 0) {
      this.#failures.splice(failure, 1);
      throw new RedisCacheConnectionError('REDIS_UNREACHABLE', 'The cache cannot be reached.');
    }
    const reply = await this.#store.execute(command);
    const delay = this.#delays.findIndex(({ operation }) => operation === command.op);
    if (delay >= 0) await this.#delays.splice(delay, 1)[0]?.until;
    return reply;
  }

  watch(prefix: string, key: string, onChange: () => void): Promise<Watch> {
    return this.#store.watch(prefix, key, onChange);
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  /** The text that a key holds; the bytes that a test wrote are its text. */
  async text(physicalKey: string): Promise<string | undefined> {
    const [slot] = await this.#store.execute({ op: 'read', prefix: '', keys: [physicalKey] });
    return slot !== undefined && 'state' in slot && slot.state === 'entry' ? String(slot.bytes) : undefined;
  }
}

import type { Redis } from 'ioredis';

/** What ioredis asks of a command whose reply has come. */
interface Recipient {
  readonly name: string;
  readonly args: readonly string[];
  resolve(reply: unknown): void;
  reject(error: unknown): void;
}

/**
 * Takes the replies of one connection that nobody waits for, and tells of them in an `error` event. ioredis does so by
 * itself, save that a null cannot be shown: it throws where nobody can catch it, and the process ends.
 *
 * @param client that has just connected: each connection has a queue of its own
 * @param onMessage takes them instead, where the server is to speak first
 */
export function catchStrayReplies(client: Redis, onMessage?: (message: unknown) => void): void {
  const { commandQueue: queue, stream } = client;
  const shift = queue.shift.bind(queue);
  const tell = (): void => {
    // As ioredis words it: it is one failure, whatever the reply.
    client.emit(
      'error',
      new Error('Command queue state error. If you can reproduce this, please report it.'),
    );
  };
  const take = onMessage ?? tell;
  const nobody: Recipient = { name: 'nobody', args: [], resolve: take, reject: take };
  // The driver stops reading before it empties the queue, which it does until there is nothing left to take.
  const isReading = (): boolean => stream.listenerCount('data') > 0;
  Object.assign(queue, { shift: () => shift() ?? (isReading() ? { command: nobody } : undefined) });
}

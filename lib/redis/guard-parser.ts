import type { Redis } from 'ioredis';
import { UnreadableReplyError } from './redis-failure.js';

/**
 * Ends a connection on which a reply cannot be read. The parser of ioredis 5 throws at some, such as an array of more
 * items than there can be, where nothing catches it: the process would end.
 *
 * @param client that has just connected: each connection has a parser of its own
 */
export function guardParser({ stream }: Redis): void {
  const readers = stream.listeners('data');
  stream.removeAllListeners('data');
  stream.on('data', (chunk: Buffer) => {
    try {
      for (const read of readers) Reflect.apply(read, stream, [chunk]);
    } catch {
      stream.destroy(new UnreadableReplyError());
    }
  });
}

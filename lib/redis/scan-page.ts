import { isUnder, patternUnder } from './key-prefix.js';
import type { RedisRequest } from './redis-error.js';
import type { RedisShard } from './redis-topology.js';
import { describeReply, unexpectedReply } from './script-runner.js';

/** Measured: larger pages make other clients wait longer (28 ms against 5–8 ms), smaller ones take twice as long. */
const SCAN_PAGE = 1_000;

/**
 * Asks one server for some of its keys under the prefix of a request; others get in between two pages.
 *
 * @param cursor `0` for the first page, then what the last one answered
 * @returns the next cursor, `0` after the last page, and the keys
 * @throws RedisCacheOperationError when the answer holds keys of others
 */
export function scanPage(
  server: RedisShard,
  request: RedisRequest,
  cursor: string,
): Promise<[string, Buffer[]]> {
  const prefix = Buffer.from(request.prefix);
  const pattern = patternUnder(request.prefix);
  return server.run(request, async (client) => {
    const reply = await client.scanBuffer(cursor, 'MATCH', pattern, 'COUNT', SCAN_PAGE);
    if (!Array.isArray(reply) || !Buffer.isBuffer(reply[0]) || !Array.isArray(reply[1])) {
      throw unexpectedReply(request, 'SCAN', describeReply(reply), server.target);
    }
    // They may be about to be removed.
    if (!reply[1].every((key) => isUnder(prefix, key)))
      throw unexpectedReply(request, 'SCAN', 'other keys', server.target);
    return [reply[0].toString(), reply[1]];
  });
}

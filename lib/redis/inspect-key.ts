import { asFailure } from '../core/as-failure.js';
import type { Command, Inspection, Slot } from '../core/cache-store.js';
import { GONE } from './key-life.js';
import { ABSENT, slotOf } from './redis-slot.js';
import type { RedisTopology } from './redis-topology.js';
import { describeReply, type KeyRequest, physicalKey, type ScriptRunner } from './script-runner.js';

/** Looks at what a key holds and how long Redis keeps it; what cannot be read is no failure of the whole. */
export function inspectKey(
  topology: RedisTopology,
  scripts: ScriptRunner,
  { prefix, key }: Command<'inspect'>,
): Promise<Inspection> {
  const request: KeyRequest = { verb: 'read', prefix, key };
  const wholeKey = physicalKey(request);
  return topology.run(request, wholeKey, async (client, server) => {
    const [bytes, life] = await Promise.all([
      client.getBuffer(wholeKey),
      client.pttl(wholeKey),
      // Any number would do for an answer.
      server.line.confirm(),
    ]);
    if (typeof life !== 'number') throw scripts.unexpected(request, 'PTTL', describeReply(life));
    if (bytes === null || life === GONE) return { slot: ABSENT };
    if (!Buffer.isBuffer(bytes)) throw scripts.unexpected(request, 'GET', describeReply(bytes));
    const read = async (): Promise<Slot> => await slotOf(bytes, request, client, server);
    const slot = await read().catch(asFailure);
    return life < 0 ? { slot } : { slot, goneIn: life };
  });
}

import { SpakkyCacheError } from '../contract/errors.js';
import type { Command, Outcome, Slot, TagVersion } from '../core/cache-store.js';
import type { Keeping, Kept } from '../core/followable-store.js';
import type { KeptReply } from './kept-reads.js';
import { versionKey } from './key-prefix.js';
import type { RedisRequest } from './redis-error.js';
import { ABSENT, slotOf } from './redis-slot.js';
import type { RedisTopology } from './redis-topology.js';
import type { RedisVersions } from './redis-versions.js';
import { describeReply, type KeyRequest, physicalKey, type ScriptRunner } from './script-runner.js';

/** Reads what a tier in front may keep. */
export class RedisKeeping {
  readonly #topology: RedisTopology;
  readonly #scripts: ScriptRunner;
  readonly #versions: RedisVersions;
  /** Whether one command may name several keys. */
  readonly #isShared: boolean;

  constructor(topology: RedisTopology, scripts: ScriptRunner, versions: RedisVersions) {
    this.#topology = topology;
    this.#scripts = scripts;
    this.#versions = versions;
    this.#isShared = topology.group(['one', 'other']).length === 1;
  }

  /** All keys are asked for in one turn, and leave together. */
  read(
    prefix: string,
    keys: readonly string[],
    absent: Command<'read'>['absent'],
  ): Promise<readonly Kept<Outcome<Slot>>[]> {
    return Promise.all(
      keys.map((key) => this.#read({ verb: 'read', prefix, key }, absent).catch(keptOutcome)),
    );
  }

  versions(prefix: string, tags: readonly string[]): Promise<readonly Kept<TagVersion | undefined>[]> {
    return Promise.all(tags.map((tag) => this.#version({ verb: 'look up the tags of', prefix }, tag)));
  }

  #read(request: KeyRequest, absent: Command<'read'>['absent']): Promise<Kept<Slot>> {
    const key = physicalKey(request);
    return this.#topology.run(request, key, async (client, server) => {
      const reply = await server.changes.readToKeep(client, key, !this.#isShared);
      const bytes = this.#bytesOf(reply, request);
      if (bytes === null) {
        if (!reply.isConfirmed && absent !== 'likely') await server.line.confirm();
        return { answer: ABSENT };
      }
      const answer = await slotOf(bytes, request, client, server);
      const isPlain = answer.state === 'entry' && answer.refresh === undefined;
      return kept(answer, isPlain ? reply.keeping : undefined);
    });
  }

  #version(request: RedisRequest, tag: string): Promise<Kept<TagVersion | undefined>> {
    const key = versionKey(request.prefix, tag);
    return this.#topology.run(request, key, async (client, server) => {
      const reply = await server.changes.readToKeep(client, key, !this.#isShared);
      const bytes = this.#bytesOf(reply, request);
      if (bytes !== null) return kept(this.#versions.versionOf(bytes, request, 'GET'), reply.keeping);
      if (!reply.isConfirmed) await server.line.confirm();
      return { answer: undefined };
    });
  }

  #bytesOf({ bytes }: KeptReply, request: RedisRequest): Buffer | null {
    if (bytes === null || Buffer.isBuffer(bytes)) return bytes;
    throw this.#scripts.unexpected(request, 'GET', describeReply(bytes));
  }
}

function kept<Answer>(answer: Answer, keeping: Keeping | undefined): Kept<Answer> {
  return keeping === undefined ? { answer } : { answer, keeping };
}

function keptOutcome(error: unknown): Kept<SpakkyCacheError> {
  if (error instanceof SpakkyCacheError) return { answer: error };
  throw error;
}

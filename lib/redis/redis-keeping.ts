import type { Redis } from 'ioredis';
import { SpakkyCacheError } from '../contract/errors.js';
import type { Command, Outcome, Slot, TagVersion } from '../core/cache-store.js';
import type { Keeping, Kept } from '../core/followable-store.js';
import { KeepBatch, type ReadAlone } from './keep-batch.js';
import type { KeptReply } from './kept-reads.js';
import { versionKey } from './key-prefix.js';
import type { ReadHabits } from './read-batch.js';
import type { RedisRequest } from './redis-error.js';
import { ABSENT, slotOf } from './redis-slot.js';
import type { RedisTopology } from './redis-topology.js';
import type { RedisVersions } from './redis-versions.js';
import type { ServerSide } from './server-side.js';
import { describeReply, type KeyRequest, physicalKey, type ScriptRunner } from './script-runner.js';
import { MOST_READS } from './turn-batches.js';

/** Reads what a tier in front may keep. */
export class RedisKeeping {
  readonly #topology: RedisTopology;
  readonly #scripts: ScriptRunner;
  readonly #versions: RedisVersions;
  /** What was asked for in the present turn of the event loop. */
  #batch: KeepBatch | undefined;
  #marks = 0;
  readonly #habits: ReadHabits = { expectsMisses: false, readsOneByOne: false };

  constructor(topology: RedisTopology, scripts: ScriptRunner, versions: RedisVersions) {
    this.#topology = topology;
    this.#scripts = scripts;
    this.#versions = versions;
  }

  /** Sends what is waiting, as something else is about to be sent. */
  flush(): void {
    if (this.#batch !== undefined) this.#send(this.#batch);
  }

  /** All keys are asked for in one turn, and leave together. */
  read(
    prefix: string,
    keys: readonly string[],
    absent: Command<'read'>['absent'],
  ): Promise<readonly Kept<Outcome<Slot>>[]> {
    const isCertain = absent !== 'likely';
    return Promise.all(
      keys.map((key) => this.#read({ verb: 'read', prefix, key }, isCertain).catch(keptOutcome)),
    );
  }

  versions(prefix: string, tags: readonly string[]): Promise<readonly Kept<TagVersion | undefined>[]> {
    return Promise.all(tags.map((tag) => this.#version({ verb: 'look up the tags of', prefix }, tag)));
  }

  #read(request: KeyRequest, isCertain: boolean): Promise<Kept<Slot>> {
    const key = physicalKey(request);
    if (this.#topology.connection !== undefined)
      return this.#presentBatch(request).add(request, key, isCertain);
    return this.#topology.run(request, key, (client, server) =>
      this.#readAlone(request, isCertain, client, server),
    );
  }

  #presentBatch({ prefix }: KeyRequest): KeepBatch {
    const { target } = this.#topology;
    if (this.#batch !== undefined && this.#batch.size < MOST_READS) return this.#batch;
    this.flush();
    this.#marks += 1;
    const batch = new KeepBatch(prefix, target, this.#habits, {
      mark: `kept together ${this.#marks}`,
      readAlone: this.#readAlone,
    });
    this.#batch = batch;
    process.nextTick(() => this.#send(batch));
    return batch;
  }

  #send(batch: KeepBatch): void {
    if (this.#batch === batch) this.#batch = undefined;
    if (!batch.isSent) this.#topology.connection?.carryOut(batch);
    batch.isSent = true;
  }

  readonly #readAlone: ReadAlone = async (
    request: KeyRequest,
    isCertain: boolean,
    client: Redis,
    server: ServerSide,
  ): Promise<Kept<Slot>> => {
    const reply = await server.changes.readToKeep(client, physicalKey(request));
    const bytes = this.#bytesOf(reply, request);
    if (bytes === null) {
      if (!reply.isConfirmed && isCertain) await server.line.confirm();
      return { answer: ABSENT };
    }
    const answer = await slotOf(bytes, request, client, server);
    const isPlain = answer.state === 'entry' && answer.refresh === undefined;
    return kept(answer, isPlain ? reply.keeping : undefined);
  };

  #version(request: RedisRequest, tag: string): Promise<Kept<TagVersion | undefined>> {
    const key = versionKey(request.prefix, tag);
    return this.#topology.run(request, key, async (client, server) => {
      const reply = await server.changes.readToKeep(client, key);
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

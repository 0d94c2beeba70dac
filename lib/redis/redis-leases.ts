import { newWriteId } from '../codec/write-id.js';
import type { Command, Grant, WriteId } from '../core/cache-store.js';
import { lifeOf, sealPut } from './redis-slot.js';
import type { RedisTopology } from './redis-topology.js';
import type { KeyRequest, ScriptRunner } from './script-runner.js';
import { ACQUIRE, ANSWER, BEGIN, FULFIL, KEEP, RELEASE, RENEW, SETTLE } from './scripts.js';

/** The steps of loads and of writes to an origin: each is one script on the value's own key. */
export class RedisLeases {
  readonly #topology: RedisTopology;
  readonly #scripts: ScriptRunner;

  constructor(topology: RedisTopology, scripts: ScriptRunner) {
    this.#topology = topology;
    this.#scripts = scripts;
  }

  async acquire({ prefix, key, token, lease, seen = '' }: Command<'acquire'>): Promise<Grant> {
    const request: KeyRequest = { verb: 'load', prefix, key };
    const [word, endsIn, writeId] = await this.#scripts.runOwn(
      request,
      ACQUIRE,
      binary(token),
      lease,
      binary(seen),
      binary(newWriteId()),
    );
    switch (word) {
      case ANSWER.yes:
        return { outcome: 'granted' };
      case ANSWER.changed:
        return { outcome: 'changed' };
      case ANSWER.paused:
        return { outcome: 'paused', endsIn: Number(endsIn) };
      case ANSWER.held:
        return { outcome: 'held', endsIn: Number(endsIn), writeId: text(writeId) };
      default:
        throw this.#scripts.unexpected(request, 'EVAL', 'an unknown word');
    }
  }

  renew({ prefix, key, token, lease }: Command<'renew'>): Promise<boolean> {
    return this.#ask({ verb: 'load', prefix, key }, RENEW, binary(token), lease);
  }

  async fulfil({ prefix, put, token }: Command<'fulfil'>): Promise<boolean> {
    const request: KeyRequest = { verb: 'write', prefix, key: put.key };
    await sealPut(this.#topology, put, request);
    return await this.#ask(request, FULFIL, binary(token), put.bytes, lifeOf(put));
  }

  release({ prefix, key, token, pause }: Command<'release'>): Promise<boolean> {
    return this.#ask({ verb: 'load', prefix, key }, RELEASE, binary(token), pause);
  }

  async begin({ prefix, key, token, lease }: Command<'begin'>): Promise<WriteId> {
    const request: KeyRequest = { verb: 'load', prefix, key };
    const answers = await this.#scripts.runOwn(request, BEGIN, binary(token), lease, binary(newWriteId()));
    return text(answers[1]);
  }

  async settle({ prefix, put, seen }: Command<'settle'>): Promise<boolean> {
    const request: KeyRequest = { verb: 'write', prefix, key: put.key };
    await sealPut(this.#topology, put, request);
    return await this.#ask(request, SETTLE, binary(seen), put.bytes, lifeOf(put));
  }

  keep({ prefix, key, writeId }: Command<'keep'>): Promise<boolean> {
    return this.#ask({ verb: 'delete', prefix, key }, KEEP, binary(writeId), binary(newWriteId()));
  }

  async #ask(
    request: KeyRequest,
    script: string,
    ...argumentsOfScript: (string | number | Buffer)[]
  ): Promise<boolean> {
    const [word] = await this.#scripts.runOwn(request, script, ...argumentsOfScript);
    return word === ANSWER.yes;
  }
}

/** Characters of one byte each, as these bytes. */
function binary(characters: string): Buffer {
  return Buffer.from(characters, 'latin1');
}

function text(bytes: unknown): string {
  return Buffer.isBuffer(bytes) ? bytes.toString('latin1') : '';
}

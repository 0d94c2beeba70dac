import type { RedisCache } from '@spakky/nestjs-redis-cache';
import { pretendWork } from './chaos-origin.js';
import { makeValue, sequenceOf } from './chaos-value.js';
import { nameOf } from './key-name.js';
import type { OwnKey } from './own-key.js';
import type { Random } from './random.js';
import { codeOf, fateOf, type StageWatch } from './stage-watch.js';

/** Writes behind, and remembers what the cache has promised to write. */
export class BehindLoad {
  /** By name: the last version that was accepted, that the origin has, and that was told as not written. */
  readonly #accepted = new Map<string, number>();
  readonly #written = new Map<string, number>();
  readonly #told = new Map<string, number>();

  constructor(
    private readonly keys: readonly OwnKey[],
    private readonly watch: StageWatch,
    private readonly random: Random,
  ) {}

  async write(cache: RedisCache): Promise<void> {
    const key = this.random.pick(this.keys);
    const { name } = nameOf(key.place, key.record.generation);
    // Its writer may fail for good, and then the entry goes.
    const ticket = key.begin('stored', 0, true);
    const value = makeValue(name, ticket.sequence);
    const outcome = await this.watch.observe('writeBehind', () =>
      cache.writeBehind(name, value, (written) => this.#writeOrigin(name, sequenceOf(written))),
    );
    key.settle(ticket, fateOf(outcome.code));
    if (outcome.code === undefined) raise(this.#accepted, name, ticket.sequence);
  }

  /** What the cache tells of a write in the background. */
  onWriteError(error: unknown, key: string, value: unknown): void {
    const code = codeOf(error);
    if (code === 'untyped')
      this.watch.blame('untyped error', this.watch.weather, `onWriteError: ${String(error)}`);
    // The origin has it: only the entry may be outdated.
    if (code !== 'CACHE_WRITE_OUTDATED') raise(this.#told, key, sequenceOf(value));
  }

  /** Once the cache is closed, everything that it accepted is written, or was told as not written. */
  judgeEnd(): void {
    for (const [name, version] of this.#accepted) {
      const isKnown = [this.#written, this.#told].some((versions) => (versions.get(name) ?? 0) >= version);
      if (!isKnown)
        this.watch.blame('close', this.watch.weather, `${name} ${version} was accepted, and forgotten`);
    }
  }

  async #writeOrigin(name: string, version: number): Promise<void> {
    if ((this.#written.get(name) ?? 0) >= version)
      this.watch.blame(
        'wrong value',
        this.watch.weather,
        `the origin of ${name} was given ${version} too late`,
      );
    await pretendWork(this.random);
    raise(this.#written, name, version);
  }
}

function raise(versions: Map<string, number>, name: string, version: number): void {
  versions.set(name, Math.max(version, versions.get(name) ?? 0));
}

import type { RedisCache } from '@spakky/nestjs-redis-cache';
import { makeValue } from './chaos-value.js';
import { judgeRemoval } from './judge.js';
import { nameOf, tagOf } from './key-name.js';
import type { KeyPlace } from './ledger.js';
import { type OwnKey, tripsBefore } from './own-key.js';
import type { Random } from './random.js';
import { fateOfKey, type StageWatch } from './stage-watch.js';
import type { Witness } from './witness.js';

/** What it takes to work on several keys at once. */
export interface BatchParts {
  readonly cache: RedisCache;
  readonly watch: StageWatch;
  readonly witness: Witness;
  readonly random: Random;
}

/** Reads, writes and removes several keys by one call, each of which has an outcome of its own. */
export class BatchLoad {
  constructor(private readonly parts: BatchParts) {}

  async read(places: readonly KeyPlace[]): Promise<void> {
    const { cache, watch, witness } = this.parts;
    const asked = new Map(
      places.map((place) => {
        const before = witness.look(place);
        return [nameOf(place, before.record.generation).name, { place, before }];
      }),
    );
    const waiting = [...asked.values()].map(({ place, before }) => tripsBefore(place, before.record));
    // A step more for the tags of what was found.
    const outcome = await watch.observe('getMany', () => cache.getMany(asked.keys()), {
      trips: 2 + Math.max(...waiting),
    });
    if (outcome.code !== undefined) return;
    const found = [...outcome.value.keys()];
    if (found.join() !== [...asked.keys()].join())
      watch.blame(
        'wrong value',
        watch.weather,
        `getMany of ${[...asked.keys()].join()} tells of ${found.join()}`,
      );
    for (const [name, { place, before }] of asked) {
      const result = outcome.value.get(name);
      if (result !== undefined) witness.judgeRead('getMany', place, name, before, result);
    }
  }

  /** @param keys all with the same tag, or all without one */
  async write(keys: readonly OwnKey[]): Promise<void> {
    const { cache, watch, random } = this.parts;
    const ttl = random.happens(0.25) ? random.between(50, 2_000) : 0;
    const tags = new Set(keys.flatMap(({ place }) => tagOf(place) ?? []));
    const writes = keys.map((key) => {
      const { name } = nameOf(key.place, key.record.generation);
      const ticket = key.begin('stored', ttl);
      return { key, name, ticket, value: makeValue(name, ticket.sequence) };
    });
    const outcome = await watch.observe(
      tags.size === 0 ? 'setMany' : 'setMany with tags',
      () =>
        cache.setMany(
          writes.map(({ name, value }) => [name, value] as const),
          { ttl: ttl === 0 ? undefined : ttl, tags: [...tags] },
        ),
      { trips: Math.max(1, ...keys.map(({ place, record }) => tripsBefore(place, record))) },
    );
    for (const { key, name, ticket } of writes) key.settle(ticket, fateOfKey(outcome, name));
  }

  async remove(keys: readonly OwnKey[]): Promise<void> {
    const { cache, watch, witness } = this.parts;
    const removals = keys.map((key) => {
      const { name } = nameOf(key.place, key.record.generation);
      return { key, name, before: witness.look(key.place), ticket: key.begin('removed') };
    });
    const outcome = await watch.observe(
      'deleteMany',
      () => cache.deleteMany(removals.map(({ name }) => name)),
      {
        trips: 1 + Math.max(...keys.map(({ place, record }) => tripsBefore(place, record))),
      },
    );
    for (const { key, name, ticket } of removals) key.settle(ticket, fateOfKey(outcome, name));
    if (outcome.code !== undefined) return;
    // Which of them were there is not told, only how many.
    const isWrong = (existed: boolean): number =>
      removals.filter(({ key: { place }, name, before }) => {
        const answer = witness.answer(place, name, before);
        return judgeRemoval(existed, answer, tagOf(place) !== undefined) !== undefined;
      }).length;
    const [least, most] = [isWrong(false), removals.length - isWrong(true)];
    if (outcome.value < least || outcome.value > most)
      watch.blame(
        'wrong value',
        watch.weather,
        `deleteMany of ${removals.map(({ name }) => name).join()} removed ${outcome.value}, not ${least} to ${most}`,
      );
  }
}

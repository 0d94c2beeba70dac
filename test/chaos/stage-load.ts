import { setTimeout as delay } from 'node:timers/promises';
import { type CacheResult, type CoreCache, RedisCache } from '@spakky/nestjs-redis-cache';
import { BatchLoad } from './batch-load.js';
import { BehindLoad } from './behind-load.js';
import { makeValue } from './chaos-value.js';
import { now } from '../support/clock.js';
import { judgeRemoval } from './judge.js';
import { type Area, AREAS, isIn, type KeyName, KEYS, nameOf, shelfOf, tagOf } from './key-name.js';
import type { KeyPlace, Ledger } from './ledger.js';
import { OriginLoad } from './origin-load.js';
import { OwnKey, type Ticket, tripsBefore } from './own-key.js';
import { CALM, DEADLINE, type StageSetup } from './protocol.js';
import type { Random } from './random.js';
import { fateOf, StageWatch } from './stage-watch.js';
import type { Tally } from './tally.js';
import { Witness } from './witness.js';

/** Whose part of which stage a worker has. */
export interface StagePlace {
  readonly stage: number;
  readonly owners: number;
  readonly worker: number;
}

/** What one worker does on one stage, and what it makes of the answers. */
export class StageLoad {
  readonly watch: StageWatch;
  readonly cache: RedisCache;
  readonly origins: OriginLoad;
  readonly behind: BehindLoad;
  readonly #keys: readonly OwnKey[];
  /** Those that are written and removed one by one. */
  readonly #single: readonly OwnKey[];
  readonly #witness: Witness;
  /** Of what is read through other caches of this process than its own. */
  readonly #guestWitness: Witness;
  readonly #batches: BatchLoad;
  readonly #stage: number;
  readonly #owners: number;
  readonly #worker: number;

  constructor(
    readonly setup: StageSetup,
    { stage, owners, worker }: StagePlace,
    private readonly near: boolean,
    ledger: Ledger,
    tally: Tally,
    private readonly random: Random,
  ) {
    this.watch = new StageWatch(setup.name, tally);
    this.#stage = stage;
    this.#owners = owners;
    this.#worker = worker;
    const places = Array.from({ length: KEYS }, (_, key) => ({ stage, owner: worker, key }));
    this.#keys = places.map((place) => new OwnKey(place, ledger));
    this.#single = [...this.#own('plain'), ...this.#own('shelf'), ...this.#own('tagged')];
    const parts = { setup, ledger, tally, watch: this.watch, near };
    this.#witness = new Witness({ ...parts, worker });
    this.#guestWitness = new Witness({ ...parts, worker: undefined });
    this.behind = new BehindLoad(this.#own('behind'), this.watch, random);
    this.cache = this.newCache();
    const { cache, watch } = this;
    const witness = this.#witness;
    this.#batches = new BatchLoad({ cache, watch, witness, random });
    this.origins = new OriginLoad({
      stage,
      owners,
      cache,
      watch,
      witness,
      guestWitness: this.#guestWitness,
      ledger,
      random,
      keys: this.#own('origin'),
    });
  }

  /** Another cache of the same entries. */
  newCache(): RedisCache {
    const { address, name } = this.setup;
    return new RedisCache(
      {
        ...address,
        keyPrefix: `chaos:${name}:`,
        socketTimeout: DEADLINE,
        near: this.near,
        onWriteError: (error, { key, value }) => this.behind.onWriteError(error, key, value),
      },
      { variable: () => undefined },
    );
  }

  /** One operation, or a few that belong together. */
  async step(): Promise<void> {
    const { random } = this;
    const dice = random.next();
    if (dice < 0.34) await this.readSomething(this.cache);
    else if (dice < 0.4) await this.#batches.read(this.#severalPlaces());
    else if (dice < 0.54) await this.#store(random.pick(this.#single));
    else if (dice < 0.6) await this.#hurry(random.pick(this.#single));
    else if (dice < 0.68) await this.#remove(random.pick(this.#single));
    else if (dice < 0.71) await this.#batches.write(this.#severalKeys());
    else if (dice < 0.74) await this.#batches.remove(this.#severalKeys());
    else if (dice < 0.755) await this.#clearShelf();
    else if (dice < 0.775) await this.#evict();
    else if (dice < 0.86) await this.origins.load(this.cache);
    else if (dice < 0.88) await this.origins.loadMany();
    else if (dice < 0.93) await this.origins.change();
    else if (dice < 0.95) await this.behind.write(this.cache);
    else if (dice < 0.98) await this.#renewDoubtful();
    else await this.watch.observe('ping', () => this.cache.ping());
  }

  /** What goes on in the background has ended, as far as it can be hurried. */
  async settle(): Promise<void> {
    await this.cache.drain();
    while (this.origins.isLoading) await delay(5);
  }

  /** Whether everything works here just now; otherwise the code of what does not. */
  async probe(): Promise<string | undefined> {
    // Enough of them to meet every master of a cluster.
    const names = Array.from(
      { length: 4 * this.setup.masters },
      (_, index) => `${this.#worker}:probe:${index}`,
    );
    const codes = await Promise.all(names.map((name) => this.#probeKey(name)));
    // Whatever was asked for just now is told of as well.
    const isTrusted = this.cache.metrics().near?.isTrusted ?? true;
    return codes.find((code) => code !== undefined) ?? (isTrusted ? undefined : 'near is not trusted');
  }

  /** Reads any key of anyone, through any of the caches that hold it. */
  async readSomething(cache: RedisCache): Promise<void> {
    const isGuest = cache !== this.cache;
    const witness = isGuest ? this.#guestWitness : this.#witness;
    const place = this.#somewhere();
    const before = witness.look(place);
    const names = nameOf(place, before.record.generation);
    const tag = tagOf(place);
    // Whoever names the tags needs one round trip.
    const isNamed = tag !== undefined && this.random.happens(0.5);
    const read = (): Promise<CacheResult<unknown>> => {
      if (isNamed) return cache.get(names.name, { tags: [tag] });
      return this.random.happens(0.5) ? cache.get(names.name) : home(cache, names).get(names.key);
    };
    const waiting = isGuest || place.owner !== this.#worker ? 0 : tripsBefore(place, before.record);
    const trips = waiting + (tag === undefined || isNamed ? 1 : 2);
    const outcome = await this.watch.observe('get', read, { isGuest, trips });
    if (outcome.code === undefined) witness.judgeRead('get', place, names.name, before, outcome.value);
  }

  async #store(key: OwnKey): Promise<void> {
    const ttl = this.random.happens(0.25) ? this.random.between(50, 2_000) : 0;
    const ticket = key.begin('stored', ttl);
    const names = nameOf(key.place, key.record.generation);
    const value = makeValue(names.name, ticket.sequence);
    const tag = tagOf(key.place);
    const options = { ttl: ttl === 0 ? undefined : ttl, tags: tag === undefined ? undefined : [tag] };
    const what = tag === undefined ? 'set' : 'set with tags';
    const outcome = await this.watch.observe(
      ttl === 0 ? what : `${what} and ttl`,
      () => home(this.cache, names).set(names.key, value, options),
      { trips: Math.max(1, tripsBefore(key.place, key.record)) },
    );
    key.settle(ticket, fateOf(outcome.code));
  }

  async #remove(key: OwnKey): Promise<void> {
    const before = this.#witness.look(key.place);
    const ticket = key.begin('removed');
    const names = nameOf(key.place, key.record.generation);
    const outcome = await this.watch.observe('delete', () => home(this.cache, names).delete(names.key), {
      trips: 1 + tripsBefore(key.place, before.record),
    });
    key.settle(ticket, fateOf(outcome.code));
    if (outcome.code !== undefined) return;
    const answer = this.#witness.answer(key.place, names.name, before);
    const problem = judgeRemoval(outcome.value, answer, tagOf(key.place) !== undefined);
    this.#witness.judge('delete', problem, answer);
  }

  /** Several writes of one key, none of which waits for the one before: the last one must win. */
  async #hurry(key: OwnKey): Promise<void> {
    const writes = Array.from({ length: this.random.between(2, 4) }, () =>
      this.random.happens(0.7) ? this.#store(key) : this.#remove(key),
    );
    await Promise.all(writes);
  }

  /** What was written before is gone then; what is written meanwhile may stay. */
  async #clearShelf(): Promise<void> {
    const { masters } = this.setup;
    const trips = masters === 1 ? 6 : 4 + 12 * masters;
    await this.#removeTogether('shelf', () =>
      this.watch.observe('clear', () => this.cache.scope(shelfOf(this.#worker)).clear(), { trips }),
    );
  }

  async #evict(): Promise<void> {
    const tags = new Set(this.#own('tagged').flatMap(({ place }) => tagOf(place) ?? []));
    await this.#removeTogether('tagged', () =>
      this.watch.observe('evictTags', () => this.cache.evictTags(...tags), { trips: 2 }),
    );
  }

  async #removeTogether(
    area: Area,
    remove: () => Promise<{ readonly code: string | undefined }>,
  ): Promise<void> {
    const keys = this.#own(area);
    if (keys.some(({ record }) => record.unsettled > 0)) return;
    const tickets = keys.map((key): [OwnKey, Ticket] => [key, key.beginClearing()]);
    const { code } = await remove();
    // What failed may have done a part.
    for (const [key, ticket] of tickets) key.settleClearing(ticket, code === undefined ? 'done' : 'doubtful');
  }

  async #renewDoubtful(): Promise<void> {
    const doubtful = this.#single.filter(
      ({ record }) => record.unsettled === 0 && record.doubtfulEnds + record.doubtfulStores > 0,
    );
    if (this.watch.weather !== CALM || doubtful.length === 0) return;
    const key = this.random.pick(doubtful);
    const { name } = nameOf(key.place, key.record.generation);
    key.renew();
    await this.watch.observe('delete', () => this.cache.delete(name));
  }

  async #probeKey(name: string): Promise<string | undefined> {
    const value = makeValue(name, Math.round(now()));
    const written = await this.watch.observe('set', () => this.cache.set(name, value, { ttl: 10_000 }));
    if (written.code !== undefined) return written.code;
    const read = await this.watch.observe('get', () => this.cache.get(name));
    if (read.code !== undefined) return read.code;
    const removed = await this.watch.observe('delete', () => this.cache.delete(name));
    return removed.code;
  }

  #own(area: Area): readonly OwnKey[] {
    return this.#keys.filter(({ place }) => isIn(area, place));
  }

  #somewhere(): KeyPlace {
    const { random } = this;
    return {
      stage: this.#stage,
      owner: random.between(0, this.#owners - 1),
      key: random.between(0, KEYS - 1),
    };
  }

  #severalPlaces(): readonly KeyPlace[] {
    return Array.from({ length: this.random.between(2, 8) }, () => this.#somewhere());
  }

  /** Of one area: what is written together has its tags in common. */
  #severalKeys(): readonly OwnKey[] {
    const [first, end] = AREAS[this.random.happens(0.7) ? 'plain' : 'tagged'];
    const picked = Array.from({ length: this.random.between(2, 6) }, () =>
      this.random.between(first, end - 1),
    );
    const keys = new Set(picked);
    return this.#keys.filter(({ place }) => keys.has(place.key));
  }
}

/** The cache that a key is in: a scope, when it lies on a shelf. */
function home(cache: RedisCache, { shelf }: KeyName): CoreCache {
  return shelf === undefined ? cache : cache.scope(shelf);
}

/** So that refusals, which come at once, do not keep everything else from running. */
export function pause(random: Random): Promise<void> {
  return delay(random.between(2, 14));
}

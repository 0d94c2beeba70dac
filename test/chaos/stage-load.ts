import { setTimeout as delay } from 'node:timers/promises';
import { type CacheResult, type CoreCache, RedisCache } from '@spakky/nestjs-redis-cache';
import { makeValue } from './chaos-value.js';
import { now } from './clock.js';
import { type Answer, judgeHit, judgeMiss, judgeRemoval, type Look } from './judge.js';
import { type KeyName, nameOf, SHELF_BEGINS, shelfOf } from './key-name.js';
import type { Fate, KeyPlace, Ledger } from './ledger.js';
import { OwnKey, type Ticket } from './own-key.js';
import { CALM, DEADLINE, KEYS, type StageSetup } from './protocol.js';
import type { Random } from './random.js';
import { fateOf, StageWatch } from './stage-watch.js';
import type { Tally } from './tally.js';

/** What one worker does on one stage, and what it makes of the answers. */
export class StageLoad {
  readonly watch: StageWatch;
  readonly cache: RedisCache;
  readonly #keys: readonly OwnKey[];
  readonly #stage: number;
  readonly #owners: number;

  constructor(
    readonly setup: StageSetup,
    private readonly worker: number,
    { stage, owners }: { readonly stage: number; readonly owners: number },
    private readonly ledger: Ledger,
    private readonly tally: Tally,
    private readonly random: Random,
  ) {
    this.watch = new StageWatch(setup.name, tally);
    this.#stage = stage;
    this.#owners = owners;
    this.cache = this.newCache();
    const places = Array.from({ length: KEYS }, (_, key) => ({ stage, owner: worker, key }));
    this.#keys = places.map((place) => new OwnKey(place, ledger));
  }

  /** Another cache of the same entries. */
  newCache(): RedisCache {
    const { address, name } = this.setup;
    return new RedisCache(
      { ...address, keyPrefix: `chaos:${name}:`, socketTimeout: DEADLINE },
      { variable: () => undefined },
    );
  }

  /** One operation, or a few that belong together. */
  async step(): Promise<void> {
    const dice = this.random.next();
    if (dice < 0.5) await this.readSomething(this.cache);
    else if (dice < 0.72) await this.#store(this.random.pick(this.#keys));
    else if (dice < 0.8) await this.#hurry(this.random.pick(this.#keys));
    else if (dice < 0.92) await this.#remove(this.random.pick(this.#keys));
    else if (dice < 0.94) await this.#clearShelf();
    else if (dice < 0.97) await this.#renewDoubtful();
    else await this.watch.observe('ping', () => this.cache.ping());
  }

  /** Whether everything works here just now; otherwise the code of what does not. */
  async probe(): Promise<string | undefined> {
    // Enough of them to meet every master of a cluster.
    const names = Array.from(
      { length: 4 * this.setup.masters },
      (_, index) => `${this.worker}:probe:${index}`,
    );
    const codes = await Promise.all(names.map((name) => this.#probeKey(name)));
    return codes.find((code) => code !== undefined);
  }

  /** Reads any key of anyone, through any of the caches that hold it. */
  async readSomething(cache: RedisCache): Promise<void> {
    const isGuest = cache !== this.cache;
    const place = {
      stage: this.#stage,
      owner: this.random.between(0, this.#owners - 1),
      key: this.random.between(0, KEYS - 1),
    };
    const before = this.#look(place);
    const names = nameOf(place, before.record.generation);
    const read = (): Promise<CacheResult<unknown>> =>
      this.random.happens(0.5) ? cache.get(names.name) : home(cache, names).get(names.key);
    const outcome = await this.watch.observe('get', read, { isGuest });
    if (outcome.code !== undefined) return;
    const answer = this.#answer(place, names.name, before);
    const { value: result } = outcome;
    this.#judge('get', result.hit ? judgeHit(result.value, answer) : judgeMiss(answer), answer);
  }

  async #store(key: OwnKey): Promise<void> {
    const ttl = this.random.happens(0.25) ? this.random.between(50, 2_000) : 0;
    const ticket = key.begin('stored', ttl);
    const names = nameOf(key.place, key.record.generation);
    const value = makeValue(names.name, ticket.sequence);
    const outcome = await this.watch.observe(ttl === 0 ? 'set' : 'set with ttl', () =>
      home(this.cache, names).set(names.key, value, ttl === 0 ? undefined : { ttl }),
    );
    key.settle(ticket, fateOf(outcome.code));
  }

  async #remove(key: OwnKey): Promise<void> {
    const before = this.#look(key.place);
    const ticket = key.begin('removed');
    const names = nameOf(key.place, key.record.generation);
    const outcome = await this.watch.observe('delete', () => home(this.cache, names).delete(names.key));
    key.settle(ticket, fateOf(outcome.code));
    if (outcome.code !== undefined) return;
    const answer = this.#answer(key.place, names.name, before);
    this.#judge('delete', judgeRemoval(outcome.value, answer), answer);
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
    const shelf = this.#keys.slice(SHELF_BEGINS);
    if (shelf.some(({ record }) => record.unsettled > 0)) return;
    const tickets = shelf.map((key): [OwnKey, Ticket] => [key, key.beginClearing()]);
    const { masters } = this.setup;
    const trips = masters === 1 ? 6 : 4 + 12 * masters;
    const outcome = await this.watch.observe('clear', () => this.cache.scope(shelfOf(this.worker)).clear(), {
      trips,
    });
    // A clear that failed may have done a part.
    for (const [key, ticket] of tickets)
      key.settleClearing(ticket, outcome.code === undefined ? 'done' : 'doubtful');
  }

  async #renewDoubtful(): Promise<void> {
    const doubtful = this.#keys.filter(
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

  #look(place: KeyPlace): Look {
    return { record: this.ledger.record(place), epoch: this.ledger.epoch(this.#stage), at: now() };
  }

  #answer(place: KeyPlace, name: string, before: Look): Answer {
    const { mayGoBack } = this.setup;
    const fateOfWrite = (sequence: number): Fate => this.ledger.fate(place, sequence);
    return { name, before, after: this.#look(place), mayGoBack, fateOf: fateOfWrite };
  }

  #judge(what: string, problem: string | undefined, { name, before, after }: Answer): void {
    this.tally.judged += 1;
    if (problem === undefined) return;
    const known = JSON.stringify({ before, after });
    this.watch.blame('wrong value', this.watch.weather, `${what} of ${name}: ${problem} ${known}`);
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

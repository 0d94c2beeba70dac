import { CacheClosedError, CacheLockTimeoutError } from '../contract/errors.js';
import {
  RedisCacheConnectionError,
  RedisCacheOperationError,
  RedisCacheTimeoutError,
  type RedisOperationCode,
} from '../contract/redis-errors.js';
import type { CacheRuntime } from './cache-runtime.js';
import { type EntrySlot, type Grant, type LeaseToken, type Slot, type WriteId } from './cache-store.js';
import { Flight, type FlightLease, type Landing, type Load } from './flight.js';
import { hitOf } from './hit-of.js';
import { newLeaseToken } from './lease-token.js';
import { onlyOutcome } from './only-outcome.js';
import { SlotWatchers } from './slot-watchers.js';
import { areCurrent, type KnownVersions, lookUpVersions } from './tag-versions.js';

/** What a caller of a load found. */
type Found =
  | { readonly kind: 'fresh' | 'stale'; readonly value: unknown }
  | { readonly kind: 'landing'; readonly landing: Landing; readonly isOwn: boolean };

/** Replies of a server that is there, but cannot serve now. */
const CANNOT_SERVE: ReadonlySet<RedisOperationCode> = new Set([
  'REDIS_OUT_OF_MEMORY',
  'REDIS_READONLY',
  'REDIS_PERSISTENCE',
  'REDIS_BUSY',
  'REDIS_LOADING',
  'REDIS_MOVED',
  'REDIS_CLUSTER_DOWN',
]);

/** Loads missing values once, however many callers ask, in this process and in others. */
export class Loads {
  readonly #runtime: CacheRuntime;
  readonly #watchers: SlotWatchers;
  /** By the token of their lease. */
  readonly #flights = new Map<LeaseToken, Flight>();
  /** Loads without a lease, by whole key. */
  readonly #unprotected = new Map<string, Flight>();
  /** Callers who ask for a lease, by whole key: one for each key. */
  readonly #attempts = new Map<string, Promise<unknown>>();
  #isClosed = false;

  constructor(runtime: CacheRuntime) {
    this.#runtime = runtime;
    this.#watchers = new SlotWatchers(runtime.store);
  }

  /** Answers the value of a key, loading it when the key holds none. */
  async run(load: Load): Promise<unknown> {
    const found = await this.#findOrDoWithout(load);
    if (found.kind !== 'landing') return found.value;
    const { landing, isOwn } = found;
    if (landing.kind === 'failed' || landing.kind === 'grounded') throw landing.error;
    if (landing.kind === 'unsaved') this.#onUnsaved(landing.error, load);
    return isOwn ? landing.value : this.#runtime.codec.decode(landing.bytes, load.key, landing.start);
  }

  /** Gives up every load and every wait, and gives the leases back. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#watchers.close();
    // A lease that is being asked for may begin one more load.
    await Promise.all([...this.#attempts.values(), ...this.#abortAll()]);
    await Promise.all(this.#abortAll());
  }

  #abortAll(): Promise<Landing>[] {
    const reason = new CacheClosedError('The cache was closed while a value was loaded.');
    return [...this.#flights.values(), ...this.#unprotected.values()].map((flight) => {
      flight.abort(reason);
      return flight.landing;
    });
  }

  #onUnsaved(error: unknown, { plan }: Load): void {
    if (plan.whenUnavailable === 'reject') throw error;
    this.#runtime.meter.countError(error);
  }

  async #findOrDoWithout(load: Load): Promise<Found> {
    try {
      const found = await this.#find(load);
      if (found.kind !== 'landing' || found.landing.kind !== 'grounded') return found;
      throw found.landing.error;
    } catch (error) {
      if (load.plan.whenUnavailable === 'reject' || !isUnavailable(error)) throw error;
      this.#runtime.meter.countError(error);
      return await this.#loadUnprotected(load);
    }
  }

  async #find(load: Load): Promise<Found> {
    const deadline = performance.now() + load.plan.waitFor;
    let [slot, known] = await this.#look(load);
    for (let isFirst = true; ; isFirst = false) {
      const value = await this.#valueIn(slot, known, load);
      if (value !== undefined) {
        // Who had to wait is counted as such already.
        if (isFirst && value.kind === 'fresh') this.#runtime.meter.counts.hits += 1;
        if (isFirst && value.kind !== 'landing') load.plan.onHit?.();
        return value;
      }
      const joined = await this.#join(slot, load, deadline);
      if (joined !== undefined) return joined;
      const next = await this.#claimOrWait(slot, load, deadline);
      if ('kind' in next) return next;
      [slot, known] = next;
    }
  }

  /** The named tags are looked up in the same round trip. */
  #look({ prefix, key, plan }: Load): Promise<[Slot, KnownVersions?]> {
    const { store } = this.#runtime;
    const reading = store.execute({ op: 'read', prefix, keys: [key], absent: 'likely' }).then(onlyOutcome);
    if (plan.tags.length === 0) return reading.then((slot) => [slot]);
    return Promise.all([reading, lookUpVersions(store, prefix, plan.tags)]);
  }

  /** What an entry answers by itself: its fresh value, or a stale one while a refresh is due. */
  async #valueIn(slot: Slot, known: KnownVersions | undefined, load: Load): Promise<Found | undefined> {
    if (slot.state !== 'entry' || (!slot.fresh && load.plan.staleFor === 0)) return undefined;
    const { stamps } = slot;
    if (stamps !== undefined && !(await areCurrent(this.#runtime, load.prefix, stamps, known)))
      return undefined;
    if (!slot.fresh) return await this.#refresh(slot, load);
    if (isDueEarly(slot, load.plan.refreshEarly)) this.#refreshInBackground(slot, load);
    return this.#decoded('fresh', slot, load);
  }

  /** One caller refreshes; the others, and that one when it fails or takes too long, get what there is. */
  async #refresh(slot: EntrySlot, load: Load): Promise<Found | undefined> {
    const isBusy = slot.refresh?.lease !== undefined || this.#attempts.has(load.prefix + load.key);
    if (isBusy) return this.#stale(slot, load);
    const attempt = await this.#attempt(load, slot.writeId);
    if (attempt.outcome === 'changed') return undefined;
    if (attempt.outcome !== 'granted') return this.#stale(slot, load);
    this.#runtime.meter.counts.misses += 1;
    const landing = await within(attempt.flight.landing, load.plan.factoryTimeout);
    if (landing === undefined || landing.kind === 'failed') return this.#stale(slot, load);
    return { kind: 'landing', landing, isOwn: true };
  }

  #refreshInBackground(slot: EntrySlot, load: Load): void {
    if (this.#isClosed || this.#attempts.has(load.prefix + load.key)) return;
    this.#attempt(load, slot.writeId).catch((error: unknown) => this.#runtime.meter.countError(error));
  }

  /** Shares a load of this process: the look that shows its lease was made after the caller had arrived. */
  async #join(slot: Slot, load: Load, deadline: number): Promise<Found | undefined> {
    const token = tokenIn(slot);
    if (token === undefined) return undefined;
    // A look may be done with before the grant that it shows.
    if (!this.#flights.has(token)) await this.#attempts.get(load.prefix + load.key);
    const flight = this.#flights.get(token);
    if (flight === undefined) return undefined;
    const stamps = await flight.stamps;
    const { meter } = this.#runtime;
    if (stamps !== undefined && !(await areCurrent(this.#runtime, load.prefix, stamps))) return undefined;
    meter.counts.loadWaits += 1;
    load.onWait?.();
    const landing = await within(flight.landing, deadline - performance.now());
    if (landing !== undefined) return { kind: 'landing', landing, isOwn: false };
    meter.counts.lockTimeouts += 1;
    throw tooSlow(load);
  }

  async #claimOrWait(slot: Slot, load: Load, deadline: number): Promise<Found | [Slot, KnownVersions?]> {
    const seen = slot.state === 'absent' ? undefined : slot.writeId;
    if (tokenIn(slot) !== undefined) return await this.#waitFor(seen, load, deadline);
    const other = this.#attempts.get(load.prefix + load.key);
    if (other !== undefined) {
      await other;
      return await this.#look(load);
    }
    const attempt = await this.#attempt(load, seen);
    // The holder may be of this process: a look tells.
    if (attempt.outcome === 'changed' || attempt.outcome === 'held') return await this.#look(load);
    if (attempt.outcome === 'paused') return await this.#waitFor(seen, load, deadline);
    this.#runtime.meter.counts.misses += 1;
    return { kind: 'landing', landing: await attempt.flight.landing, isOwn: true };
  }

  async #waitFor(seen: WriteId | undefined, load: Load, deadline: number): Promise<[Slot]> {
    const { counts } = this.#runtime.meter;
    counts.loadWaits += 1;
    load.onWait?.();
    try {
      return [await this.#watchers.next(load.prefix, load.key, seen, deadline)];
    } catch (error) {
      if (error instanceof CacheLockTimeoutError) counts.lockTimeouts += 1;
      throw error;
    }
  }

  /** Asks for the lease; when it is granted, the load begins at once. */
  #attempt(load: Load, seen: WriteId | undefined): Promise<Attempt> {
    const wholeKey = load.prefix + load.key;
    const attempt = this.#acquire(load, seen);
    const settled = attempt.then(
      () => this.#attempts.delete(wholeKey),
      () => this.#attempts.delete(wholeKey),
    );
    this.#attempts.set(wholeKey, settled);
    return attempt;
  }

  async #acquire(load: Load, seen: WriteId | undefined): Promise<Attempt> {
    const { prefix, key, plan } = load;
    const token = newLeaseToken();
    const { store } = this.#runtime;
    const grant = await store.execute({ op: 'acquire', prefix, key, token, lease: plan.leaseFor, seen });
    if (grant.outcome !== 'granted') return grant;
    const flight = this.#start(load, { token, carriedBy: seen });
    return { outcome: 'granted', flight };
  }

  #start(load: Load, lease: FlightLease): Flight {
    const flight = new Flight(this.#runtime, load, lease);
    this.#flights.set(lease.token, flight);
    void flight.landing.finally(() => this.#flights.delete(lease.token));
    return flight;
  }

  /** Callers of one process still share one load, so that an origin is not asked a thousandfold when Redis is away. */
  async #loadUnprotected(load: Load): Promise<Found> {
    if (this.#isClosed) throw new CacheClosedError('The cache was closed.', { key: load.key });
    const wholeKey = load.prefix + load.key;
    const other = this.#unprotected.get(wholeKey);
    if (other !== undefined) {
      load.onWait?.();
      return { kind: 'landing', landing: await other.landing, isOwn: false };
    }
    this.#runtime.meter.counts.unprotectedLoads += 1;
    const flight = new Flight(this.#runtime, load, undefined);
    this.#unprotected.set(wholeKey, flight);
    const landing = await flight.landing.finally(() => this.#unprotected.delete(wholeKey));
    return { kind: 'landing', landing, isOwn: true };
  }

  #stale(slot: EntrySlot, load: Load): Found {
    this.#runtime.meter.counts.staleHits += 1;
    return this.#decoded('stale', slot, load);
  }

  #decoded(kind: 'fresh' | 'stale', slot: EntrySlot, { key }: Load): Found {
    return { kind, value: hitOf(this.#runtime, key, slot).value };
  }
}

type Attempt =
  Exclude<Grant, { readonly outcome: 'granted' }> | { readonly outcome: 'granted'; readonly flight: Flight };

/** Who loads the key now; nobody's pause is no token. */
function tokenIn(slot: Slot): LeaseToken | undefined {
  const lease =
    slot.state === 'lease' ? slot.lease : slot.state === 'entry' ? slot.refresh?.lease : undefined;
  return lease === undefined || lease.token === '' ? undefined : lease.token;
}

/** XFetch (https://cseweb.ucsd.edu/~avattani/papers/cache_stampede.pdf): the slower the load, the earlier. */
function isDueEarly({ refresh }: EntrySlot, eagerness: number): boolean {
  if (eagerness === 0 || refresh === undefined || refresh.lease !== undefined) return false;
  return refresh.freshFor < refresh.loadTime * eagerness * -Math.log(1 - Math.random());
}

function isUnavailable(error: unknown): boolean {
  if (error instanceof RedisCacheOperationError) return CANNOT_SERVE.has(error.code);
  return error instanceof RedisCacheConnectionError || error instanceof RedisCacheTimeoutError;
}

/** Undefined when the time has passed first. */
async function within<Value>(value: Promise<Value>, milliseconds: number): Promise<Value | undefined> {
  if (milliseconds === Infinity) return await value;
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), Math.max(0, milliseconds));
  });
  try {
    return await Promise.race([value, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

function tooSlow({ key, prefix, plan }: Load): CacheLockTimeoutError {
  return new CacheLockTimeoutError(
    `The load of ${JSON.stringify(key)} (prefix "${prefix}") did not end within ${plan.waitFor} ms: ` +
      'let the factory be faster, raise waitFor, or keep stale values with staleFor.',
    { key },
  );
}

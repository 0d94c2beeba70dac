import type { CacheFactory } from '../contract/capabilities.js';
import { CacheClosedError, CacheLockTimeoutError, type SpakkyCacheError } from '../contract/errors.js';
import type { CacheRuntime } from './cache-runtime.js';
import { EPOCH, type EntryExtras, type LeaseToken, type Stamps, type WriteId } from './cache-store.js';
import { keepLease } from './lease-keeper.js';
import type { LoadPlan } from './load-plan.js';
import { NotKept } from './not-kept.js';
import { areUnchanged, blankStamps, lifeNeeded, stampTags } from './tag-versions.js';

/** One load of a key. */
export interface Load {
  readonly prefix: string;
  readonly key: string;
  readonly factory: CacheFactory<unknown>;
  readonly plan: LoadPlan;
  /** Told when the caller begins to wait for another's load. */
  readonly onWait?: () => void;
}

/** What a factory has made. */
interface Loaded {
  readonly value: unknown;
  /** They end with what the codec made of it. */
  readonly bytes: Buffer;
  /** Where that begins in them. */
  readonly start: number;
  /** The tags that only the value tells. */
  readonly tags: readonly string[];
}

/** What came of a load. */
export type Landing =
  | ({ readonly kind: 'loaded' } & Loaded)
  /** The factory has answered, but the cache could not be written. */
  | ({ readonly kind: 'unsaved'; readonly error: unknown } & Loaded)
  /** The factory failed, or made what cannot be stored; or the load was given up. */
  | { readonly kind: 'failed'; readonly error: unknown }
  /** The cache failed before the factory began. */
  | { readonly kind: 'grounded'; readonly error: unknown };

/** Under which lease a load runs. */
export interface FlightLease {
  readonly token: LeaseToken;
  /** The write of an entry that is being refreshed in its place; absent for a key that holds none. */
  readonly carriedBy?: WriteId;
}

/** A load under way; everyone who may shares it. */
export class Flight {
  /** What its tags were stamped with, before the factory began; absent when it has none, or they could not be. */
  readonly stamps: Promise<Stamps | undefined>;
  readonly landing: Promise<Landing>;
  readonly #runtime: CacheRuntime;
  readonly #load: Load;
  readonly #abort = new AbortController();

  /**
   * @param runtime what the cache is made of
   * @param load what to load, and how
   * @param lease absent: the cache cannot be reached, and what is loaded is not written
   */
  constructor(runtime: CacheRuntime, load: Load, lease: FlightLease | undefined) {
    this.#runtime = runtime;
    this.#load = load;
    const stamping = lease === undefined ? Promise.resolve(undefined) : this.#stamp();
    this.stamps = stamping.catch(() => undefined);
    this.landing = lease === undefined ? this.#call() : this.#fly(lease, stamping);
  }

  /** Gives the load up: its signal aborts, and nobody waits for the factory. */
  abort(reason: SpakkyCacheError): void {
    this.#abort.abort(reason);
  }

  async #fly(lease: FlightLease, stamping: Promise<Stamps | undefined>): Promise<Landing> {
    const { store, meter } = this.#runtime;
    const { prefix, key, plan } = this.#load;
    const stop = keepLease(store, meter, { prefix, key, token: lease.token, leaseFor: plan.leaseFor });
    try {
      const stamps = await stamping;
      const startedAt = performance.now();
      const landing = await this.#call(stamps);
      if (landing.kind !== 'loaded') {
        await this.#release(lease);
        return landing;
      }
      return await this.#save(landing, lease, stamps, Math.ceil(performance.now() - startedAt));
    } catch (error) {
      await this.#release(lease);
      return { kind: 'grounded', error };
    } finally {
      stop();
    }
  }

  /** Versions are read before the factory, so that an eviction while it runs is an eviction of what it makes. */
  async #stamp(): Promise<Stamps | undefined> {
    const { prefix, plan } = this.#load;
    const tags = plan.tagsOf === undefined ? plan.tags : [EPOCH];
    return tags.length === 0
      ? undefined
      : await stampTags(this.#runtime.store, prefix, tags, lifeNeeded(plan));
  }

  /** Calls the factory, and encodes at once what it made. */
  async #call(stamps?: Stamps): Promise<Landing> {
    const { codec, store, meter } = this.#runtime;
    const { key, plan } = this.#load;
    meter.counts.loads += 1;
    try {
      const value = await this.#callFactory();
      const tags = plan.tagsOf?.(value) ?? [];
      const ownStamps = plan.tagsOf === undefined ? stamps : blankStamps(tags);
      const room = store.roomFor(extrasOf(plan, ownStamps, 0));
      return { kind: 'loaded', value, bytes: codec.encode(value, key, room), start: room, tags };
    } catch (error) {
      if (!(error instanceof NotKept)) meter.counts.loadFailures += 1;
      return { kind: 'failed', error };
    }
  }

  async #callFactory(): Promise<unknown> {
    const { signal } = this.#abort;
    const { key, factory, plan } = this.#load;
    signal.throwIfAborted();
    const timer = setTimeout(() => this.#giveUp(), plan.loadFor);
    try {
      return await Promise.race([factory({ key, signal }), rejectionOf(signal)]);
    } finally {
      clearTimeout(timer);
    }
  }

  #giveUp(): void {
    const { key, prefix, plan } = this.#load;
    this.#runtime.meter.counts.lockTimeouts += 1;
    const message =
      `The load of ${JSON.stringify(key)} (prefix "${prefix}") did not end within ${plan.loadFor} ms: ` +
      'its signal was aborted. Let the factory be faster, or raise loadFor.';
    this.abort(new CacheLockTimeoutError(message, { key }));
  }

  async #save(
    landing: { readonly kind: 'loaded' } & Loaded,
    { token, carriedBy }: FlightLease,
    before: Stamps | undefined,
    loadTime: number,
  ): Promise<Landing> {
    const { store, meter } = this.#runtime;
    const { prefix, key, plan } = this.#load;
    try {
      const stamps = await this.#finalStamps(landing.tags, before);
      if (stamps === 'outdated') {
        // Nothing has failed: whoever comes next may load at once.
        await this.#release({ token, carriedBy }, 0);
        return landing;
      }
      const put = { key, bytes: landing.bytes, ttl: plan.ttl, extras: extrasOf(plan, stamps, loadTime) };
      const isWritten = await store.execute({ op: 'fulfil', prefix, token, put });
      if (isWritten) {
        meter.counts.writes += 1;
        meter.counts.bytesOut += landing.bytes.length - landing.start;
      }
      return landing;
    } catch (error) {
      return { ...landing, kind: 'unsaved', error };
    }
  }

  /** Tags that only the value tells are stamped late: an eviction of any tag meanwhile may have meant one of them. */
  async #finalStamps(
    tags: readonly string[],
    before: Stamps | undefined,
  ): Promise<Stamps | undefined | 'outdated'> {
    const { store } = this.#runtime;
    const { prefix, plan } = this.#load;
    if (plan.tagsOf === undefined || before === undefined) return before;
    if (tags.length === 0) return undefined;
    const stamps = await stampTags(store, prefix, tags, lifeNeeded(plan));
    return (await areUnchanged(store, prefix, before)) ? stamps : 'outdated';
  }

  /** A lease that cannot be given back ends by itself. */
  async #release(
    { token, carriedBy }: FlightLease,
    pauseFor: number = this.#load.plan.pauseFor,
  ): Promise<void> {
    const { store, meter } = this.#runtime;
    const { prefix, key } = this.#load;
    const isClosed = this.#abort.signal.reason instanceof CacheClosedError;
    const pause = carriedBy === undefined || isClosed ? 0 : pauseFor;
    await store
      .execute({ op: 'release', prefix, key, token, pause })
      .catch((error: unknown) => meter.countError(error));
  }
}

function extrasOf(
  { ttl, staleFor, refreshEarly }: LoadPlan,
  stamps: Stamps | undefined,
  loadTime: number,
): EntryExtras | undefined {
  const isRefreshed = ttl !== undefined && (staleFor > 0 || refreshEarly > 0);
  if (!isRefreshed) return stamps === undefined ? undefined : { stamps };
  return { stamps, refresh: { staleFor, loadTime } };
}

function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

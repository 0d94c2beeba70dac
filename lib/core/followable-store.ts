import type { CacheStore, Command, Outcome, Slot, TagVersion } from './cache-store.js';

/** A store that tells of changes, so that a tier in front of it may keep what it read there. */
export interface FollowableStore extends CacheStore {
  /**
   * Begins to tell of changes of what is read to be kept, by whomever. There is one follower at most.
   *
   * @param follower told before anybody can read what has changed since
   */
  follow(follower: Follower): Following;

  /**
   * Reads as the command `read` does, and tells how long each entry may be kept.
   *
   * @param absent as in the command
   * @throws SpakkyCacheError when the command failed as a whole
   */
  readToKeep(
    prefix: string,
    keys: readonly string[],
    absent?: Command<'read'>['absent'],
  ): Promise<readonly Kept<Outcome<Slot>>[]>;

  /**
   * Looks at versions as the command `versions` does, and tells how long each may be kept.
   *
   * @throws SpakkyCacheError when the command failed
   */
  versionsToKeep(prefix: string, tags: readonly string[]): Promise<readonly Kept<TagVersion | undefined>[]>;
}

/** An answer of a store. */
export interface Kept<Answer> {
  readonly answer: Answer;
  /** Until when it may be kept, and on whose word; absent: not at all. */
  readonly keeping?: Keeping;
}

/** How long an answer may be kept. */
export interface Keeping {
  /** When it ends by itself, on the clock of `performance.now()`, never later than in the store; `Infinity`: not by itself. */
  readonly until: number;
  readonly warrant: Warrant;
}

/**
 * The word of one server, over the connections that stand now, that whatever changes is told. Once it does not hold any
 * more, what was read under it may be outdated without anybody having been told; a warrant that was only late may hold again.
 */
export interface Warrant {
  /**
   * Whether a change before `now` would have been told, save for those of the last moment.
   *
   * @param now on the clock of `performance.now()`
   */
  holds(now: number): boolean;
}

/** Who is told of changes. */
export interface Follower {
  /** @param wholeKey prefix included */
  onChange(wholeKey: string): void;
  /** @param prefix of the cache, or of the scope, that the tag belongs to */
  onVersionChange(prefix: string, tag: string): void;
  /** Anything may have changed: no warrant so far holds any more. */
  onLoss(): void;
}

/** What becomes of a request to be told of changes. */
export interface Following {
  /** Whether warrants of every server that was asked are given and hold now. */
  isTrusted(now: number): boolean;
  /**
   * Waits until changes are told.
   *
   * @throws CacheConfigurationError when a server refuses to tell
   * @throws SpakkyCacheError when no server can be reached
   */
  ready(prefix: string): Promise<void>;
  /** Why the tier cannot do its work; every operation is refused then. Absent as long as nothing was refused. */
  readonly refusal: Error | undefined;
}

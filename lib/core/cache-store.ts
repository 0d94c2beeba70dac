import type { Template } from '../codec/template.js';
import type { CacheHit } from '../contract/cache-result.js';
import type { SpakkyCacheError } from '../contract/errors.js';

/** What a key holds, by the server's clock. */
export type Slot = AbsentSlot | LeaseSlot | EntrySlot;

/** Nothing. */
export interface AbsentSlot {
  readonly state: 'absent';
}

/** A placeholder: somebody is loading the value. */
export interface LeaseSlot {
  readonly state: 'lease';
  readonly writeId: WriteId;
  readonly lease: HeldLease;
}

/** A value; one that is no longer fresh stays only as a safety net and is no hit. */
export interface EntrySlot {
  readonly state: 'entry';
  readonly writeId: WriteId;
  readonly fresh: boolean;
  /** They end with what the codec made of the value; only the codec reads it. */
  readonly bytes: Buffer;
  /** Where that begins in them. */
  readonly start: number;
  /** Absent for an entry without tags. */
  readonly stamps?: Stamps;
  /** Only of an entry that may be refreshed while it is there. */
  readonly refresh?: RefreshState;
  /** Only of an entry that is kept near. */
  readonly readings?: Readings;
}

/** What the readers of a kept entry have made of it, so that the next one need not decode it. */
export interface Readings {
  /** Whether somebody has read it. */
  hasBegun: boolean;
  /** The answer that all share, of a value that nobody can change. */
  hit?: CacheHit<unknown>;
  /** Makes a value for each; `none` of a value that has to be decoded for each. */
  template?: Template | 'none';
}

/** What is known of an entry that may be refreshed while it is there; times in milliseconds. */
export interface RefreshState {
  /** Until it is no hit any more; negative when that is past. */
  readonly freshFor: number;
  /** Until nothing is left of it; a lease may keep its key for longer. */
  readonly goneIn: number;
  /** How long its value took to load. */
  readonly loadTime: number;
  /** Who refreshes it, or how long nobody may; absent when neither. */
  readonly lease?: HeldLease;
}

/** Somebody's right to load a value, or, without a token, the pause after a refresh that failed. */
export interface HeldLease {
  /** Empty for a pause. */
  readonly token: LeaseToken;
  /** Milliseconds until it ends. */
  readonly endsIn: number;
}

/** Tells one write of a key from every other; opaque, eight characters of one byte each. */
export type WriteId = string;
/** Tells one holder of a lease from every other; opaque, sixteen characters of one byte each. */
export type LeaseToken = string;
/** One life of a tag; opaque, sixteen characters of one byte each, never drawn twice. */
export type TagVersion = string;
/** The versions that tags had before an entry's value was made. */
export type Stamps = ReadonlyMap<string, TagVersion>;

/** In the place of a tag: what every eviction replaces first. No tag is empty. */
export const EPOCH = '';

/** One entry to write. */
export interface Put {
  readonly key: string;
  /** What the codec made, after {@link CacheStore.roomFor} bytes that the store fills; nobody else writes to them again. */
  readonly bytes: Buffer;
  /** In whole milliseconds; absent: it stays until it is removed. */
  readonly ttl?: number;
  /** What it carries beside the value; a plain entry has none. */
  readonly extras?: EntryExtras;
}

/** What an entry may carry beside its value. */
export interface EntryExtras {
  /** Absent for an entry without tags. */
  readonly stamps?: Stamps;
  /** Only with a time to live: it may be refreshed while it is there. */
  readonly refresh?: {
    /** How long it stays as a safety net after its time to live, in whole milliseconds; 0: not at all. */
    readonly staleFor: number;
    /** How long the value took to load, in whole milliseconds. */
    readonly loadTime: number;
  };
}

/** What came of asking for the right to load; times in milliseconds. */
export type Grant =
  /** It is the caller's. */
  | { readonly outcome: 'granted' }
  /** Another one loads. */
  | { readonly outcome: 'held'; readonly writeId: WriteId; readonly endsIn: number }
  /** A refresh has failed a moment ago. */
  | { readonly outcome: 'paused'; readonly endsIn: number }
  /** The key holds something else than what was seen. */
  | { readonly outcome: 'changed' };

/** What a close look at one key has shown; times in milliseconds. */
export interface Inspection {
  /** What cannot be read is what there is to know of it. */
  readonly slot: Outcome<Slot>;
  /** Until the key holds nothing; absent: it stays until it is removed. */
  readonly goneIn?: number;
  /** Since it was written; absent where that is not noted. */
  readonly age?: number;
}

interface CommandFields {
  /**
   * Looks at keys; changes nothing. That one is `absent` need not be certain where the next step finds out for itself.
   * Unless it is to be `sure`, a copy will do.
   */
  readonly read: {
    readonly keys: readonly string[];
    readonly absent?: 'certain' | 'likely';
    readonly sure?: true;
  };
  /** Looks at one key closely, past every tier; changes nothing. */
  readonly inspect: { readonly key: string };
  /** Replaces what keys hold. */
  readonly write: { readonly puts: readonly Put[] };
  /** Empties keys; true for a key that held a fresh entry. */
  readonly remove: { readonly keys: readonly string[] };
  /** Empties every key under the prefix. */
  readonly clear: unknown;
  /** Asks whether the store can be reached. */
  readonly ping: unknown;

  /**
   * Asks for the right to load a key, for `lease` milliseconds: an absent key, or an entry of the write that was
   * `seen`. An entry that may be refreshed stays in its place meanwhile. Asking again with the same token is harmless.
   */
  readonly acquire: {
    readonly key: string;
    readonly token: LeaseToken;
    readonly lease: number;
    readonly seen?: WriteId;
  };
  /** Prolongs a lease; false when it is another's by now, or nobody's. */
  readonly renew: { readonly key: string; readonly token: LeaseToken; readonly lease: number };
  /** Writes what was loaded; false when the lease was replaced, and nothing was changed. */
  readonly fulfil: { readonly put: Put; readonly token: LeaseToken };
  /** Gives a lease back; the entry under it may not be refreshed for `pause` milliseconds. False when it was replaced. */
  readonly release: { readonly key: string; readonly token: LeaseToken; readonly pause: number };

  /** Before an origin is written: answers the write that is there, or puts a lease where nothing is. */
  readonly begin: { readonly key: string; readonly token: LeaseToken; readonly lease: number };
  /** Afterwards: writes if what `begin` answered is still there, else removes what is; whether it wrote. */
  readonly settle: { readonly put: Put; readonly seen: WriteId };
  /**
   * After an origin was written: removes what the key holds unless it is the entry of this write, which gets another
   * write id, so that whoever saw it before finds it changed. Whether it is there.
   */
  readonly keep: { readonly key: string; readonly writeId: WriteId };

  /**
   * Looks at versions of tags, and at the {@link EPOCH}. Unless it is to be `sure`, a copy will do: a version that still
   * matches what an entry is stamped with makes it a hit, one that does not says nothing.
   */
  readonly versions: { readonly tags: readonly string[]; readonly sure?: true };
  /** Answers the versions of tags, drawing those that are absent, and lets each live for `need` milliseconds at least. */
  readonly stamp: { readonly tags: readonly string[]; readonly need: number };
  /** Drops versions; the first is gone before any other goes. */
  readonly evict: { readonly tags: readonly string[] };
}

interface Replies {
  readonly read: readonly Outcome<Slot>[];
  readonly inspect: Inspection;
  readonly write: readonly Outcome<WriteId>[];
  readonly remove: readonly Outcome<boolean>[];
  readonly clear: void;
  readonly ping: void;
  readonly acquire: Grant;
  readonly renew: boolean;
  readonly fulfil: boolean;
  readonly release: boolean;
  readonly begin: WriteId;
  readonly settle: boolean;
  readonly keep: boolean;
  readonly versions: readonly (TagVersion | undefined)[];
  readonly stamp: readonly TagVersion[];
  readonly evict: void;
}

/** What became of one key of a command: a failure concerns that key alone. */
export type Outcome<Value> = Value | SpakkyCacheError;

/** The name of a command. */
export type Operation = keyof CommandFields;

/**
 * What a store is asked to do: plain data, atomic for each key, in the order of the keys.
 *
 * Keys are the application's; the store puts `prefix` before each of them and touches nothing without it.
 */
export type Command<Op extends Operation = Operation> = {
  [Name in Op]: { readonly op: Name; readonly prefix: string } & CommandFields[Name];
}[Op];

/** What a command answers. */
export type Reply<Op extends Operation> = Replies[Op];

/** What a caller may wait for without giving the event loop a turn. */
export type BlockingOperation = 'read' | 'write' | 'remove' | 'clear' | 'versions' | 'stamp';

/** One function for each command: what a backend writes. */
export type CommandHandlers = {
  readonly [Op in Operation]: (command: Command<Op>) => Promise<Reply<Op>>;
};

/** A look at a key that is told of the next change. */
export interface Watch {
  /** What the key held after the watch had begun. */
  readonly slot: Slot;
  /** Ends the watch; repeating it is harmless. */
  stop(): void;
}

/**
 * The only thing a backend implements. Everything a user sees (hit or miss, time to live, errors) is written once
 * against it, so that backends cannot drift apart and a tier in front of a store is itself a store.
 */
export interface CacheStore {
  /** How many bytes it wants free in front of what it is given to write, so that nothing need be copied. */
  roomFor(extras: EntryExtras | undefined): number;

  /**
   * Carries out a command within the store's own deadline.
   *
   * @throws SpakkyCacheError when the command failed as a whole; the failure of one key is that key's outcome
   */
  execute<Op extends Operation>(command: Command<Op>): Promise<Reply<Op>>;

  /**
   * The same, and nothing else happens in this thread meanwhile: only of a store that can do so.
   *
   * @throws SpakkyCacheError as `execute` does
   */
  executeSync?<Op extends BlockingOperation>(command: Command<Op>): Reply<Op>;

  /**
   * The command `read` for one key, as most of them are: only of a store that is quicker without lists.
   *
   * @throws SpakkyCacheError when the key could not be read
   */
  look?(prefix: string, key: string): Promise<Slot>;

  /**
   * The command `write` for one entry, likewise.
   *
   * @throws SpakkyCacheError when the entry could not be written
   */
  put?(prefix: string, put: Put): Promise<void>;

  /**
   * Listens, then looks: whatever changes the key after the look calls `onChange`, once. So does whatever makes that
   * uncertain. Its own expiry calls nobody.
   *
   * @throws SpakkyCacheError when the look failed; the watch has ended then
   */
  watch(prefix: string, key: string, onChange: () => void): Promise<Watch>;

  /** Lets what is under way end, within the deadline, and releases everything; repeating it is harmless. */
  close(): Promise<void>;
}

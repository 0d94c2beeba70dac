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
}

/** A value; one that is no longer fresh stays only as a safety net and is no hit. */
export interface EntrySlot {
  readonly state: 'entry';
  readonly fresh: boolean;
  /** They end with what the codec made of the value; only the codec reads it. */
  readonly bytes: Buffer;
  /** Where that begins in them. */
  readonly start: number;
}

/** One entry to write. */
export interface Put {
  readonly key: string;
  /** What the codec made, after {@link CacheStore.room} bytes that the store fills; nobody else uses them again. */
  readonly bytes: Buffer;
  /** In whole milliseconds; absent: it stays until it is removed. */
  readonly ttl?: number;
}

interface CommandFields {
  /** Looks at keys; changes nothing. */
  readonly read: { readonly keys: readonly string[] };
  /** Replaces what keys hold. */
  readonly write: { readonly puts: readonly Put[] };
  /** Empties keys; true for a key that held a fresh entry. */
  readonly remove: { readonly keys: readonly string[] };
  /** Empties every key under the prefix. */
  readonly clear: unknown;
  /** Asks whether the store can be reached. */
  readonly ping: unknown;
}

interface Replies {
  readonly read: readonly Outcome<Slot>[];
  readonly write: readonly Outcome<void>[];
  readonly remove: readonly Outcome<boolean>[];
  readonly clear: void;
  readonly ping: void;
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

/** One function for each command: what a backend writes. */
export type CommandHandlers = {
  readonly [Op in Operation]: (command: Command<Op>) => Promise<Reply<Op>>;
};

/**
 * The only thing a backend implements. Everything a user sees (hit or miss, time to live, errors) is written once
 * against it, so that backends cannot drift apart and a tier in front of a store is itself a store.
 */
export interface CacheStore {
  /** How many bytes it wants free in front of what it is given to write, so that nothing need be copied. */
  readonly room: number;

  /**
   * Carries out a command within the store's own deadline.
   *
   * @throws SpakkyCacheError when the command failed as a whole; the failure of one key is that key's outcome
   */
  execute<Op extends Operation>(command: Command<Op>): Promise<Reply<Op>>;

  /** Lets what is under way end, within the deadline, and releases everything; repeating it is harmless. */
  close(): Promise<void>;
}

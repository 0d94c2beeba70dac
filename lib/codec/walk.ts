import type { JsonSink } from './json-sink.js';
import type { MemoryParts } from './memory-values.js';
import type { Step } from './path.js';

/** Containers inside containers, at most: deeper values make recursive programs overflow their stack. */
export const MAX_DEPTH = 1000;

/** What a writer of one type of value may use of the walk over the whole. */
export interface Walk {
  readonly sink: JsonSink;
  readonly memory: MemoryParts;
  /**
   * Writes a part of the value.
   *
   * @param step how the part is reached
   * @param depth of the container that holds it
   */
  part(value: unknown, step: Step, depth: number): void;
  /**
   * Notes where the walk is, for messages.
   *
   * @param step how the next part is reached
   * @param depth of the container that holds it
   */
  at(step: Step, depth: number): void;
  /**
   * Enters several objects at once.
   *
   * @param values the objects
   * @returns false when one was entered before: then none was
   */
  enterAll(values: readonly object[]): boolean;
  /**
   * Writes own properties as one JSON object that is no value by itself.
   *
   * @param entries names and values, each already read once
   * @param depth of the value that has them
   */
  properties(entries: readonly (readonly [string, unknown])[], depth: number): void;
  /**
   * Opens a tag, `{"@name":`; whoever opens it closes it with `}`.
   *
   * @param name one character
   */
  tag(name: string): void;
  /** The path to the value at this depth. */
  path(depth: number): string;
  /**
   * Refuses the value at this depth.
   *
   * @param reason what is wrong and what to do; no value
   */
  refuse(depth: number, reason: string): never;
}

/** What a reader of one type of value may use of the reading of the whole. */
export interface Reading {
  /** Bytes of memory that nothing has used yet. */
  readonly memoryLeft: number;
  /** Numbers an object, for references to it, in the order in which the writer entered them. */
  enter<T>(value: T): T;
  /**
   * Reads every element of a list in place.
   *
   * @param list from `JSON.parse`
   * @param depth of the container that they are parts of
   */
  parts(list: unknown[], depth: number): unknown[];
  /**
   * Builds a buffer or a view of the next bytes of the memory.
   *
   * @param name of the type
   * @param size in bytes, at most what is left
   */
  nextMemory(name: string, size: number): object | undefined;
  /**
   * Gives up: the payload is damaged.
   *
   * @param what is not as it was written
   */
  fail(what: string): never;
}

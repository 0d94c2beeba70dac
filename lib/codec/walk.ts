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

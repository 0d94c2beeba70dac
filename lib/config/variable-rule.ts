import type { Reader } from './reading.js';

/** How something is written in the environment. */
export interface VariableRule<T> {
  readonly name: `SPAKKY_REDIS__${string}`;
  readonly read: Reader<T>;
  /** As it would be written in the environment; absent when nothing is set. */
  readonly default?: string;
  readonly description: string;
  /** An empty variable is unset, unless being empty is itself a mistake to be told. */
  readonly emptyIsValue?: true;
}

import { OPTION_NAMES, OPTION_RULES } from './option-rules.js';

/** One variable of the environment. */
export interface ConfigurationVariable {
  readonly name: string;
  /** As it would be written in the environment; `undefined` when nothing is set. */
  readonly default: string | undefined;
  readonly description: string;
}

/** Every variable that is read, for documentation that cannot drift from the code. */
export const CONFIGURATION_VARIABLES: readonly ConfigurationVariable[] = Object.freeze(
  OPTION_NAMES.flatMap((option) => {
    const { variable } = OPTION_RULES[option];
    if (variable === undefined) return [];
    return [
      Object.freeze({ name: variable.name, default: variable.default, description: variable.description }),
    ];
  }),
);

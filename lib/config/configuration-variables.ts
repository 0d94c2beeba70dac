import { OPTION_NAMES, OPTION_RULES, type OptionName } from './option-rules.js';
import { TLS_FILES } from './tls-files.js';
import type { VariableRule } from './variable-rule.js';

/** One variable of the environment. */
export interface ConfigurationVariable {
  readonly name: string;
  /** As it would be written in the environment; `undefined` when nothing is set. */
  readonly default: string | undefined;
  readonly description: string;
}

/** Every variable that is read, for documentation that cannot drift from the code. */
export const CONFIGURATION_VARIABLES: readonly ConfigurationVariable[] = Object.freeze(
  OPTION_NAMES.flatMap(rulesOf).map(({ name, default: byDefault, description }) =>
    Object.freeze({ name, default: byDefault, description }),
  ),
);

function rulesOf(option: OptionName): readonly VariableRule<unknown>[] {
  if (option === 'tls') return Object.values(TLS_FILES);
  const { variable } = OPTION_RULES[option];
  return variable === undefined ? [] : [variable];
}

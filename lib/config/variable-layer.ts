import { type ConfigurationLayer, LayerDraft } from './configuration-layer.js';
import { OPTION_NAMES, OPTION_RULES, type OptionName } from './option-rules.js';
import { readTlsFiles } from './tls-files.js';

/** Answers the value of a variable, as text or as ConfigService made of it, or `undefined`. */
type Lookup = (name: string) => unknown;

/** Reads the variables, and the files that they name; an empty one is unset. */
export function readVariableLayer(variable: Lookup): ConfigurationLayer {
  const files: string[] = [];
  const layer = new LayerDraft((option, part = '') =>
    option === 'tls' ? files.join(', ') : `${OPTION_RULES[option].variable?.name ?? option}${part}`,
  );
  for (const option of OPTION_NAMES) {
    if (option === 'tls') files.push(...takeFiles(layer, variable));
    else takeVariable(layer, option, variable);
  }
  return layer;
}

function takeVariable(layer: LayerDraft, option: OptionName, variable: Lookup): void {
  const { variable: rule } = OPTION_RULES[option];
  if (rule !== undefined)
    layer.take(option, () => settingOf(variable(rule.name), rule.emptyIsValue), rule.read);
}

/** @returns the variables that are set */
function takeFiles(layer: LayerDraft, variable: Lookup): readonly string[] {
  const { given, tls, problems } = readTlsFiles((name) => settingOf(variable(name)));
  if (given.length > 0) layer.given.add('tls');
  if (tls !== undefined) layer.values.tls = tls;
  layer.problems.push(...problems);
  return given;
}

/** A schema of ConfigService may make `null` of a variable that is not there. */
function settingOf(value: unknown, emptyIsValue = false): unknown {
  return value === null || (value === '' && !emptyIsValue) ? undefined : value;
}

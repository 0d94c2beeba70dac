import { closestName } from './closest-name.js';
import { describeKind, describeValue } from './describe-value.js';
import {
  isOptionName,
  OPTION_NAMES,
  OPTION_RULES,
  type OptionName,
  type OptionValues,
} from './option-rules.js';
import { isRecord } from './is-record.js';
import type { Mismatch, Reader } from './reading.js';

/** Names an option as its source writes it, or a part of one, such as `[2].port`. */
export type OptionLabel = (option: OptionName, part?: string) => string;

/** What one source of configuration says. */
export interface ConfigurationLayer {
  readonly label: OptionLabel;
  /** Every option that is set, well or badly. */
  readonly given: ReadonlySet<OptionName>;
  /** The options that are set well. */
  readonly values: Partial<OptionValues>;
  /** One sentence for each thing that is wrong. */
  readonly problems: readonly string[];
}

/** A layer while it is being read. */
class LayerDraft implements ConfigurationLayer {
  readonly given = new Set<OptionName>();
  readonly values: { -readonly [Name in OptionName]?: OptionValues[Name] } = {};
  readonly problems: string[] = [];

  constructor(readonly label: OptionLabel) {}

  take<Name extends OptionName>(option: Name, value: unknown, read: Reader<OptionValues[Name]>): void {
    this.given.add(option);
    try {
      const reading = read(value);
      if (reading.fits) this.values[option] = reading.value;
      else this.problems.push(...reading.mismatches.map((each) => this.#sentence(option, value, each)));
    } catch {
      // A revoked proxy, or an accessor that throws; its error is not ours to show.
      this.problems.push(`${this.label(option)} expects a value that can be read, but found one that throws`);
    }
  }

  #sentence(option: OptionName, value: unknown, { part, expected, found }: Mismatch): string {
    const describe = OPTION_RULES[option].secret === true ? describeKind : describeValue;
    return `${this.label(option, part)} expects ${expected}, but found ${found ?? describe(value)}`;
  }
}

/** Where an object of options comes from, as messages name it. */
export interface ObjectSource {
  /** Such as `options`. */
  readonly title: string;
  /** Such as ` (ConfigService)`. */
  readonly suffix: string;
}

/** Reads an object with the keys and units of `RedisCacheOptions`; it may come from JavaScript or a YAML file. */
export function readObjectLayer(source: unknown, { title, suffix }: ObjectSource): ConfigurationLayer {
  const layer = new LayerDraft((option, part = '') => `${title}.${option}${part}${suffix}`);
  if (source === undefined) return layer;
  if (!isRecord(source)) {
    layer.problems.push(`${title}${suffix} expects an object of options, but found ${describeKind(source)}`);
    return layer;
  }
  for (const option of OPTION_NAMES) {
    const value = source[option];
    if (value !== undefined) layer.take(option, value, OPTION_RULES[option].read);
  }
  for (const key of Object.keys(source)) {
    if (!isOptionName(key)) layer.problems.push(unknownOption(key, layer.label, { title, suffix }));
  }
  return layer;
}

/** Reads the variables; an empty one is unset. */
export function readVariableLayer(variable: (name: string) => unknown): ConfigurationLayer {
  const layer = new LayerDraft(
    (option, part = '') => `${OPTION_RULES[option].variable?.name ?? option}${part}`,
  );
  for (const option of OPTION_NAMES) {
    const rule = OPTION_RULES[option].variable;
    if (rule === undefined) continue;
    const value = variable(rule.name);
    if (isSet(value, rule.emptyIsValue)) layer.take(option, value, rule.read);
  }
  return layer;
}

function isSet(value: unknown, emptyIsValue = false): boolean {
  // A schema of ConfigService may make `null` of a variable that is not there.
  return value !== undefined && value !== null && (value !== '' || emptyIsValue);
}

function unknownOption(key: string, label: OptionLabel, { title, suffix }: ObjectSource): string {
  const written = /^[\w$]{1,40}$/.test(key) ? `.${key}` : `[${describeValue(key)}]`;
  return `${title}${written}${suffix} is not an option: ${remedyFor(key, label)}`;
}

function remedyFor(key: string, label: OptionLabel): string {
  if (key === 'name' || key === 'isGlobal')
    return 'give it to forRoot(), or to forRootAsync() beside the factory';
  const meant = closestName(key, OPTION_NAMES);
  return meant === undefined ? `the options are ${OPTION_NAMES.join(', ')}` : `did you mean ${label(meant)}?`;
}

import { closestName } from './closest-name.js';
import { type ConfigurationLayer, LayerDraft, type OptionLabel } from './configuration-layer.js';
import { describeKind, describeValue } from './describe-value.js';
import { isRecord } from './is-record.js';
import { isOptionName, OPTION_NAMES, OPTION_RULES } from './option-rules.js';
import { fits, mismatch, type Reading, readSafely, sentencesOf } from './reading.js';

/** Where an object of options comes from, as messages name it. */
export interface ObjectSource {
  /** Such as `options`. */
  readonly title: string;
  /** Such as ` (ConfigService)`. */
  readonly suffix: string;
}

/** An object, and the names of everything that it says. */
interface OptionRecord {
  readonly record: Readonly<Record<string, unknown>>;
  readonly names: readonly string[];
}

/** Reads an object with the keys and units of `RedisCacheOptions`; it may come from JavaScript or a YAML file. */
export function readObjectLayer(source: unknown, { title, suffix }: ObjectSource): ConfigurationLayer {
  const layer = new LayerDraft((option, part = '') => `${title}.${option}${part}${suffix}`);
  const reading = readSafely(() => source, readRecord, describeKind);
  if (reading === undefined) return layer;
  if (!reading.fits) {
    layer.problems.push(...sentencesOf(reading.mismatches, () => `${title}${suffix}`));
    return layer;
  }
  const { record, names } = reading.value;
  for (const option of OPTION_NAMES) layer.take(option, () => record[option], OPTION_RULES[option].read);
  for (const name of names) {
    if (!isOptionName(name)) layer.problems.push(unknownOption(name, layer.label, { title, suffix }));
  }
  return layer;
}

function readRecord(value: unknown): Reading<OptionRecord> {
  if (!isRecord(value)) return mismatch('an object of options');
  return fits({ record: value, names: Object.keys(value) });
}

/** Of the name of an option that there is not. */
const SHOWN = 30;

function unknownOption(key: string, label: OptionLabel, { title, suffix }: ObjectSource): string {
  const written = /^[\w$]{1,40}$/.test(key)
    ? `.${key}`
    : `[${describeValue(key.length > SHOWN ? `${key.slice(0, SHOWN)}…` : key)}]`;
  return `${title}${written}${suffix} is not an option: ${remedyFor(key, label)}`;
}

function remedyFor(key: string, label: OptionLabel): string {
  if (key === 'name' || key === 'isGlobal')
    return 'give it to forRoot(), or to forRootAsync() beside the factory';
  const meant = closestName(key, OPTION_NAMES);
  return meant === undefined ? `the options are ${OPTION_NAMES.join(', ')}` : `did you mean ${label(meant)}?`;
}

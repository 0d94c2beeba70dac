import { describeKind, describeValue } from './describe-value.js';
import { OPTION_RULES, type OptionName, type OptionValues } from './option-rules.js';
import { type Reader, readSafely, sentencesOf } from './reading.js';

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
export class LayerDraft implements ConfigurationLayer {
  readonly given = new Set<OptionName>();
  readonly values: { -readonly [Name in OptionName]?: OptionValues[Name] } = {};
  readonly problems: string[] = [];

  constructor(readonly label: OptionLabel) {}

  /** @param source answers the value, or `undefined` when it is not set */
  take<Name extends OptionName>(option: Name, source: () => unknown, read: Reader<OptionValues[Name]>): void {
    const describe = OPTION_RULES[option].secret === true ? describeKind : describeValue;
    const reading = readSafely(source, read, describe);
    if (reading === undefined) return;
    this.given.add(option);
    if (reading.fits) this.values[option] = reading.value;
    else this.problems.push(...sentencesOf(reading.mismatches, (part) => this.label(option, part)));
  }
}

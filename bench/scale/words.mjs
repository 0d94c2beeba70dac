// How the terminal and the document say it.
import { summarize } from '../peers/statistics.mjs';
import { significant } from '../peers/words.mjs';

export { significant };

export function table(heads, rows) {
  return [heads, heads.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

export function count(number) {
  return Math.round(number).toLocaleString('en');
}

/** Of milliseconds. */
export function seconds(number) {
  return `${significant(number / 1_000)} s`;
}

export function milliseconds(number) {
  return number < 1 ? `${significant(number * 1_000)} µs` : `${significant(number)} ms`;
}

export function microseconds(number) {
  return `${significant(number)} µs`;
}

/** Less than a kilobyte more or less of memory is nothing. */
export function bytes(number) {
  if (Math.abs(number) >= 1e9) return `${significant(number / 1e9)} GB`;
  if (Math.abs(number) >= 1e6) return `${significant(number / 1e6)} MB`;
  return Math.abs(number) >= 1e3 ? `${significant(number / 1e3)} kB` : `${significant(number)} B`;
}

export function percent(part) {
  return `${significant(part * 100)} %`;
}

/** The median of some numbers, and their quartiles. */
export function spread(numbers, say = significant) {
  const { median, low, high } = summarize(numbers);
  return numbers.length === 1 ? say(median) : `${say(median)} (${say(low)}–${say(high)})`;
}

export function medianOf(numbers) {
  return summarize(numbers).median;
}

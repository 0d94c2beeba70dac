/** A line of a table: what it is about, and what there is to say. */
export type Row = readonly [name: string, text: string];

/** Two columns, with a line end behind each row. */
export function tableOf(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.map(([name, text]) => `${name.padEnd(width)}${printable(text)}\n`).join('');
}

/** Keys and tags may hold anything: what would move the cursor or change the colours is written as an escape. */
export function printable(text: string): string {
  return text.replaceAll(/(?!\n)[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => {
    return `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`;
  });
}

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
] as const;

/**
 * A duration for a person, in its two largest units: `250ms`, `12.3s`, `4m 12s`, `3d 2h`.
 *
 * @param milliseconds of which nothing is rounded up
 */
export function durationText(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.floor(milliseconds)}ms`;
  if (milliseconds < 60_000) return `${Math.floor(milliseconds / 100) / 10}s`;
  let rest = Math.floor(milliseconds / 1_000);
  const parts = UNITS.map(([unit, seconds]) => {
    const count = Math.floor(rest / seconds);
    rest -= count * seconds;
    return { unit, count };
  });
  const first = parts.findIndex(({ count }) => count > 0);
  const shown = parts.slice(first, first + 2).filter(({ count }) => count > 0);
  return shown.map(({ unit, count }) => `${count}${unit}`).join(' ');
}

const MULTIPLES = ['KiB', 'MiB', 'GiB', 'TiB'] as const;

/** A number of bytes for a person: `812 bytes`, `1.2 KiB`. */
export function sizeText(bytes: number): string {
  if (bytes < 1_024) return bytes === 1 ? '1 byte' : `${bytes} bytes`;
  let size = bytes / 1_024;
  let unit = 0;
  // What would be written as 1024.0 is 1.0 of the next one.
  for (; size >= 1_023.95 && unit < MULTIPLES.length - 1; unit += 1) size /= 1_024;
  return `${size.toFixed(1)} ${MULTIPLES[unit]}`;
}

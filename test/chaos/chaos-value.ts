/** A value that says by itself where it belongs and which write it comes from. */
export interface ChaosValue {
  readonly name: string;
  readonly sequence: number;
  readonly filler: string;
}

const LONGEST = 64 * 1_024;
const PATTERN = Array.from({ length: 2 * LONGEST }, (_, index) =>
  String.fromCodePoint(33 + ((index * 7_919) % 94)),
).join('');

/** Most values are small, as in life; one of fifty has up to 64 KiB. */
export function makeValue(name: string, sequence: number): ChaosValue {
  return { name, sequence, filler: fillerOf(name, sequence) };
}

/** What is wrong with a value that was read under a name, by itself; nothing when it is whole and in its place. */
export function findFlaw(value: unknown, name: string): string | undefined {
  if (typeof value !== 'object' || value === null) return `it is no value of this run: ${typeof value}`;
  const found: Partial<Record<keyof ChaosValue, unknown>> = value;
  if (found.name !== name) return `it belongs to ${String(found.name)}`;
  if (typeof found.sequence !== 'number') return 'it names no write';
  if (found.filler !== fillerOf(name, found.sequence)) return 'its filler is not what was written';
  return undefined;
}

/** Which write a value without a flaw comes from. */
export function sequenceOf(value: unknown): number {
  if (typeof value !== 'object' || value === null || !('sequence' in value)) return NaN;
  return Number(value.sequence);
}

/** Different for neighbours, so that one cannot pass for another. */
function fillerOf(name: string, sequence: number): string {
  const mixed = Math.imul(sequence + name.length * 31 + name.charCodeAt(name.length - 1), 0x9e3779b1) >>> 0;
  const length = mixed % 50 === 0 ? mixed % LONGEST : mixed % 512;
  const start = (mixed >>> 8) % LONGEST;
  return PATTERN.slice(start, start + length);
}

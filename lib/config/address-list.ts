import { readAddress, readAddressText } from './address-reader.js';
import { fits, type Mismatch, mismatch, type Reader, type Reading } from './reading.js';
import type { ResolvedAddress } from './resolved-redis-cache-options.js';

const MOST_ADDRESSES = 1_000;
/** How many entries are told of one by one: whoever got a long list wrong got it wrong all along. */
const MOST_MISMATCHES = 3;

/** Reads a list of `{ host, port }`, as it is written in code or in a file of options. */
export function addressList(defaultPort: number): Reader<readonly ResolvedAddress[]> {
  return listOf('a list of { host, port }', (entry) => readAddress(entry, defaultPort));
}

/** Reads `host:port,host:port`; ConfigService may have made a list of it already. */
export function addressListVariable(defaultPort: number): Reader<readonly ResolvedAddress[]> {
  const readList = listOf('host:port,host:port', (entry) =>
    typeof entry === 'string' ? readAddressText(entry.trim(), defaultPort) : readAddress(entry, defaultPort),
  );
  return (value) => readList(typeof value === 'string' ? value.split(',') : value);
}

function listOf(expected: string, readEntry: Reader<ResolvedAddress>): Reader<readonly ResolvedAddress[]> {
  return (value) => {
    if (!Array.isArray(value)) return mismatch(expected);
    const entries: readonly unknown[] = value;
    if (entries.length === 0) return mismatch(expected, 'an empty list');
    if (entries.length > MOST_ADDRESSES) {
      return mismatch(`${expected}, with at most ${MOST_ADDRESSES} entries`, `${entries.length} entries`);
    }
    return listFrom(Array.from(entries, readEntry));
  };
}

function listFrom(readings: readonly Reading<ResolvedAddress>[]): Reading<readonly ResolvedAddress[]> {
  const mismatches = [
    ...readings.flatMap((reading, index) => (reading.fits ? [] : within(index, reading.mismatches))),
    ...repetitions(readings),
  ];
  if (mismatches.length > 0) return { fits: false, mismatches: summarise(mismatches) };
  return fits(Object.freeze(readings.flatMap((reading) => (reading.fits ? [reading.value] : []))));
}

function within(index: number, mismatches: readonly Mismatch[]): readonly Mismatch[] {
  return mismatches.map((each) => ({ ...each, part: `[${index}]${each.part ?? ''}` }));
}

function repetitions(readings: readonly Reading<ResolvedAddress>[]): readonly Mismatch[] {
  const firsts = new Map<string, number>();
  return readings.flatMap((reading, index) => {
    if (!reading.fits) return [];
    const address = `${reading.value.host.toLowerCase()} ${reading.value.port}`;
    const first = firsts.get(address);
    if (first !== undefined)
      return within(index, [{ expected: 'another address', found: `that of [${first}] again` }]);
    firsts.set(address, index);
    return [];
  });
}

function summarise(mismatches: readonly Mismatch[]): readonly Mismatch[] {
  const others = mismatches.length - MOST_MISMATCHES;
  if (others <= 0) return mismatches;
  return [
    ...mismatches.slice(0, MOST_MISMATCHES),
    { expected: 'entries that fit', found: `${others} more that do not` },
  ];
}

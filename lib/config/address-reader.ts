import { isIPv6 } from 'node:net';
import { describeKind, describeValue } from './describe-value.js';
import { isRecord } from './is-record.js';
import { readHost, readPort } from './option-readers.js';
import { fits, mismatch, type Reading } from './reading.js';
import type { ResolvedAddress } from './resolved-redis-cache-options.js';

const SHAPE = 'host:port, with an IPv6 address in brackets';

/** Reads `{ host, port }`; no text of it appears in a mismatch, because a misplaced one may be a password. */
export function readAddress(entry: unknown, defaultPort: number): Reading<ResolvedAddress> {
  if (!isRecord(entry)) return mismatch('an object { host, port }', describeKind(entry));
  const { host: writtenHost, port: writtenPort = defaultPort, ...others } = entry;
  const stray = Object.keys(others).find((name) => others[name] !== undefined);
  if (stray !== undefined) return mismatch('nothing but host and port', `${describeValue(stray)} in it`);
  const host = readHost(writtenHost);
  if (!host.fits) return partly('.host', host, describeKind(writtenHost));
  const port = readPort(writtenPort);
  if (!port.fits) return partly('.port', port, describeNumber(writtenPort));
  return fits(Object.freeze({ host: host.value, port: port.value }));
}

/** Reads `host:port` or `host`; no part of the text appears in a mismatch, because it may be a password. */
export function readAddressText(text: string, defaultPort: number): Reading<ResolvedAddress> {
  if (text === '') return mismatch(SHAPE, 'nothing');
  const bracketed = /^\[(.*)\](?::(.*))?$/.exec(text);
  const plain = /^([^:]*)(?::([^:]*))?$/.exec(text);
  const [, writtenHost, writtenPort] = bracketed ?? plain ?? [];
  const host = readHost(writtenHost);
  if (!host.fits || (bracketed !== null && !isIPv6(host.value)))
    return mismatch(SHAPE, 'no host that can be used');
  if (writtenPort === undefined) return fits(Object.freeze({ host: host.value, port: defaultPort }));
  const port = readPort(/^\d+$/.test(writtenPort) ? Number(writtenPort) : undefined);
  if (!port.fits) return mismatch(`${SHAPE} and a port from 1 to 65535`, 'another port');
  return fits(Object.freeze({ host: host.value, port: port.value }));
}

function partly(
  part: string,
  { mismatches }: Exclude<Reading<unknown>, { fits: true }>,
  found: string,
): Reading<never> {
  return { fits: false, mismatches: mismatches.map(({ expected }) => ({ part, expected, found })) };
}

function describeNumber(value: unknown): string {
  return typeof value === 'number' ? describeValue(value) : describeKind(value);
}

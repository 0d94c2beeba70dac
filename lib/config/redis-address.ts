import { readDatabase, readHost, readPort } from './option-readers.js';
import { fits, mismatch, type Reading } from './reading.js';

/** What a URL says; what it leaves out is `undefined`. */
export interface RedisAddress {
  /** The URL as it was written, credentials included. */
  readonly url: string;
  readonly host: string;
  readonly port: number | undefined;
  readonly db: number | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly useSsl: boolean;
}

const SHAPE = 'redis://[user][:password]@host[:port][/db], or rediss:// for TLS';
const ENCODED = `${SHAPE}, with user and password passed through encodeURIComponent`;

/** Takes a URL apart. No part of it appears in a mismatch, because even a malformed one may hold a password. */
export function readRedisUrl(value: unknown): Reading<RedisAddress> {
  if (typeof value !== 'string' || value === '') return mismatch(SHAPE);
  // The parser of the platform would drop white space without a word.
  if (/[\s\p{Cc}]/u.test(value)) return mismatch(SHAPE, 'white space or a control character in it');
  if (/[?#]/.test(value)) return mismatch(ENCODED, 'a query or a fragment in it');
  if (!URL.canParse(value)) return mismatch(ENCODED, 'a string that is no URL');
  return readParts(value, new URL(value));
}

function readParts(text: string, url: URL): Reading<RedisAddress> {
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:') return mismatch(SHAPE, 'another scheme');
  const host = readHost(decode(url.hostname.replace(/^\[(.*)\]$/, '$1')));
  if (!host.fits) return mismatch(SHAPE, 'no host that can be used');
  const port = url.port === '' ? fits(undefined) : readPort(Number(url.port));
  if (!port.fits) return mismatch(`${SHAPE}, with a port from 1 to 65535`, 'port 0');
  const db = readPath(url.pathname);
  if (!db.fits) return mismatch(ENCODED, 'a path that is no index of a database');
  const [username, password] = [decode(url.username), decode(url.password)];
  if (username === undefined || password === undefined) {
    return mismatch(ENCODED, 'a user or password with a stray % in it');
  }
  return fits({
    url: text,
    host: host.value,
    port: port.value,
    db: db.value,
    username: username === '' ? undefined : username,
    password: password === '' ? undefined : password,
    useSsl: url.protocol === 'rediss:',
  });
}

function readPath(path: string): Reading<number | undefined> {
  if (path === '' || path === '/') return fits(undefined);
  return /^\/\d+$/.test(path) ? readDatabase(Number(path.slice(1))) : readDatabase(path);
}

/** Answers `undefined` where a `%` begins no character. */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

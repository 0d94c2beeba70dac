import type { ResolvedAddress } from '../config/resolved-redis-cache-options.js';

/** Writes an address as errors, logs and other nodes name it: `localhost:6379`, `[::1]:6379`. */
export function hostAndPort({ host, port }: ResolvedAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Reads what a server says of another one: `127.0.0.1:7001`, `::1:7001`, or `:7001` for its own host. */
export function parseAddress(text: string, ownHost: string): ResolvedAddress | undefined {
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(text) ?? [];
  if (port === '') return undefined;
  return { host: hostOr(ownHost, host).replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
}

/** A server that does not know the name of its host, or means its own, says nothing, or `?`. */
export function hostOr(ownHost: string, said: unknown): string {
  return typeof said === 'string' && said !== '' && said !== '?' ? said : ownHost;
}

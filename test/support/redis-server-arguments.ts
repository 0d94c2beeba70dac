import type { RedisAddress } from './redis-server-probe.js';

/** How a test server is set up. */
export interface RedisServerOptions {
  readonly password?: string;
  /** TLS with an authority of its own: valid for localhost and the loopback addresses, unless `hosts` says otherwise. */
  readonly tls?:
    | boolean
    | {
        readonly hosts?: readonly string[];
        /** Whether the server asks its clients for a certificate too. */
        readonly mutual?: boolean;
      };
  /** In the server's own notation: `2mb`. */
  readonly maxmemory?: string;
  readonly maxmemoryPolicy?: string;
  /** The server to copy; resolves when the copy is complete. */
  readonly replicaOf?: RedisAddress;
  /** Also listens at a unix socket: see `path`. */
  readonly unixSocket?: boolean;
  /** Also listens on ::1. */
  readonly ipv6?: boolean;
  /** Anything else, as on the command line: `['--cluster-enabled', 'yes']`. */
  readonly args?: readonly string[];
}

/** The command line of a server: what was asked for, and nothing kept on disk. */
export function serverArguments(
  options: RedisServerOptions,
  server: RedisAddress & { readonly path?: string },
): string[] {
  const { password, maxmemory, maxmemoryPolicy } = options;
  return [
    ['--bind', '127.0.0.1', ...(options.ipv6 ? ['::1'] : [])],
    ['--save', ''],
    ['--appendonly', 'no'],
    // A first replica would otherwise wait five seconds for a second one.
    ['--repl-diskless-sync-delay', '0'],
    server.certificates ? tlsArguments(options, server) : ['--port', String(server.port)],
    password === undefined ? [] : ['--requirepass', password],
    maxmemory === undefined ? [] : ['--maxmemory', maxmemory],
    maxmemoryPolicy === undefined ? [] : ['--maxmemory-policy', maxmemoryPolicy],
    server.path === undefined ? [] : ['--unixsocket', server.path],
    options.replicaOf ? replicaArguments(options.replicaOf) : [],
    options.args ?? [],
  ].flat();
}

function tlsArguments(options: RedisServerOptions, { port, certificates }: RedisAddress): string[] {
  if (!certificates) return [];
  const mutual = typeof options.tls === 'object' && options.tls.mutual === true;
  return [
    ['--port', '0'],
    ['--tls-port', String(port)],
    ['--tls-ca-cert-file', certificates.caFile],
    ['--tls-cert-file', certificates.server.certFile],
    ['--tls-key-file', certificates.server.keyFile],
    ['--tls-auth-clients', mutual ? 'yes' : 'no'],
  ].flat();
}

function replicaArguments(primary: RedisAddress): string[] {
  // The copy would have to trust the other server's authority; no test needs that.
  if (primary.certificates) throw new Error('A replica of a test server with TLS is not supported');
  const password = primary.password === undefined ? [] : ['--masterauth', primary.password];
  return ['--replicaof', primary.host, String(primary.port), ...password];
}

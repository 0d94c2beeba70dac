import { join } from 'node:path';
import type { Certificates } from './certificates.js';
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
        /** Certificates that exist already, for servers that have to trust each other. */
        readonly certificates?: Certificates;
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
  /** A node that others can meet; how long it may be silent until they call it dead is in milliseconds. */
  readonly cluster?: { readonly nodeTimeout: number; readonly requireFullCoverage: boolean };
  /** No data, but an eye on the servers that do hold it: further lines of its configuration file. */
  readonly sentinel?: { readonly configuration: readonly string[] };
  /** Anything else, as on the command line: `['--cluster-enabled', 'yes']`. */
  readonly args?: readonly string[];
}

/** A server's place on this machine. */
interface ServerPlace extends RedisAddress {
  readonly folder: string;
  /** The unix socket, when there is one. */
  readonly path?: string;
}

/** The command line of a server: what was asked for, and nothing kept on disk. */
export function serverArguments(options: RedisServerOptions, server: ServerPlace): string[] {
  if (options.sentinel) return [sentinelFile(server.folder), '--sentinel'];
  const { password, maxmemory, maxmemoryPolicy } = options;
  return [
    ['--dir', server.folder],
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
    options.cluster ? clusterArguments(options.cluster, server) : [],
    options.args ?? [],
  ].flat();
}

/** Where a sentinel keeps what it was told and what it has found out. */
export function sentinelFile(folder: string): string {
  return join(folder, 'sentinel.conf');
}

/** What a sentinel knows at its first start; it writes down the rest by itself. */
export function sentinelConfiguration(
  { sentinel, password }: RedisServerOptions,
  { folder, port }: Pick<ServerPlace, 'folder' | 'port'>,
): string {
  const secret = JSON.stringify(password);
  const lines = [
    `dir ${JSON.stringify(folder)}`,
    'bind 127.0.0.1',
    `port ${port}`,
    'sentinel resolve-hostnames no',
    ...(password === undefined ? [] : [`requirepass ${secret}`, `sentinel sentinel-pass ${secret}`]),
    ...(sentinel?.configuration ?? []),
  ];
  return `${lines.join('\n')}\n`;
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

function clusterArguments(
  { nodeTimeout, requireFullCoverage }: NonNullable<RedisServerOptions['cluster']>,
  { host, certificates }: RedisAddress,
): string[] {
  return [
    ['--cluster-enabled', 'yes'],
    ['--cluster-announce-ip', host],
    ['--cluster-node-timeout', String(nodeTimeout)],
    ['--cluster-require-full-coverage', requireFullCoverage ? 'yes' : 'no'],
    // However old its copy is, a replica takes over: the tests wait for that, not for the data.
    ['--cluster-replica-validity-factor', '0'],
    certificates ? nodeTlsArguments(certificates) : [],
  ].flat();
}

/** Nodes are each other's clients, so they need a certificate for that as well. */
function nodeTlsArguments({ client }: Certificates): string[] {
  const own = ['--tls-client-cert-file', client.certFile, '--tls-client-key-file', client.keyFile];
  return ['--tls-cluster', 'yes', '--tls-replication', 'yes', ...own];
}

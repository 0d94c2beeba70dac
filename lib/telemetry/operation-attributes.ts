import type { Attributes } from '@opentelemetry/api';
import type { CacheLocation, CacheOperation } from '../core/cache-operation.js';

/** One host and one port; several servers, or a socket, have no such form. */
const HOST_AND_PORT = /^(?:\[([^\]]+)\]|([^:,\s]+)):(\d+)$/;

/** What spans and metrics have in common: nothing of it differs from key to key. */
export function attributesOf({ operation, location }: CacheOperation): Attributes {
  return {
    'db.operation.name': operation,
    'db.system.name': location.address === undefined ? 'memory' : 'redis',
    ...(location.db !== undefined && { 'db.namespace': String(location.db) }),
    ...serverOf(location),
    'spakky.cache.prefix': location.prefix,
  };
}

/** As the conventions have it: the operation, and where. */
export function spanNameOf({ operation, location }: CacheOperation): string {
  return location.address === undefined ? operation : `${operation} ${location.address}`;
}

/** A class of failures: a code, or the class of what somebody else has thrown. Never a message, which may name keys. */
export function errorTypeOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return 'code' in error && typeof error.code === 'string' ? error.code : error.constructor.name;
}

function serverOf({ address }: CacheLocation): Attributes {
  if (address === undefined) return {};
  const [, bracketed, plain, port] = HOST_AND_PORT.exec(address) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined) return { 'server.address': address };
  return { 'server.address': host, 'server.port': Number(port) };
}

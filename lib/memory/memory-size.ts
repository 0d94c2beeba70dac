import { WRITE_ID_LENGTH } from '../codec/write-id.js';
import type { Put } from '../core/cache-store.js';

/** Characters of a token and of a version; they take a byte each. */
export const TOKEN_LENGTH = 16;

/** Bytes of a lease beside its key: the write id and the token. */
const LEASE_SIZE = WRITE_ID_LENGTH + TOKEN_LENGTH;

/** Bytes that an entry counts for: key and value, what it is stamped with, and the slot of its lease. */
export function sizeOfEntry(key: string, { bytes, ttl, extras }: Put): number {
  const size = Buffer.byteLength(key) + bytes.byteLength;
  return extras === undefined ? size : size + sizeOfExtras(extras, ttl !== undefined);
}

/** Bytes that a lease counts for where no value is. */
export function sizeOfLease(key: string): number {
  return Buffer.byteLength(key) + LEASE_SIZE;
}

/** Bytes that a version of a tag counts for. */
export function sizeOfVersion(key: string): number {
  return Buffer.byteLength(key) + TOKEN_LENGTH;
}

function sizeOfExtras({ stamps, refresh }: NonNullable<Put['extras']>, ends: boolean): number {
  let size = refresh !== undefined && ends ? LEASE_SIZE : 0;
  for (const tag of stamps?.keys() ?? []) size += Buffer.byteLength(tag) + TOKEN_LENGTH;
  return size;
}

import { SpakkyCacheError } from '../contract/errors.js';
import type { BlockingOperation, Command, EntrySlot, Put, Reply } from '../core/cache-store.js';
import { type ErrorParcel, packError, unpackError } from './error-parcel.js';

/** What becomes of a command: its reply, or why there is none; each failure of a key is a parcel in its place. */
export type ReplyParcel = { readonly reply: unknown } | { readonly failure: ErrorParcel };

/** Copies no more bytes than there are: those of a pool, or of a whole reply, would all be copied along. */
export function packCommand(command: Command<BlockingOperation>): Command<BlockingOperation> {
  if (command.op !== 'write') return command;
  return { ...command, puts: command.puts.map((put) => ({ ...put, bytes: ownBytes(put.bytes) })) };
}

/** Copying turns a `Buffer` into an array of bytes. */
export function unpackCommand(command: Command<BlockingOperation>): Command<BlockingOperation> {
  if (command.op !== 'write') return command;
  return { ...command, puts: command.puts.map((put): Put => ({ ...put, bytes: asBuffer(put.bytes) })) };
}

export function packReply(reply: unknown): ReplyParcel {
  return { reply: Array.isArray(reply) ? reply.map(packOutcome) : reply };
}

export function packFailure(error: unknown): ReplyParcel {
  return { failure: packError(error) };
}

/**
 * What the store answered in the other thread.
 *
 * @throws whatever it threw there
 */
export function unpackReply<Op extends BlockingOperation>(parcel: ReplyParcel): Reply<Op> {
  if ('failure' in parcel) throw unpackError(parcel.failure);
  const { reply } = parcel;
  const unpacked: unknown = Array.isArray(reply) ? reply.map(unpackOutcome) : reply;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the other thread answers the command that it was given
  return unpacked as Reply<Op>;
}

function packOutcome(outcome: unknown): unknown {
  if (outcome instanceof SpakkyCacheError) return packError(outcome);
  if (!isEntry(outcome)) return outcome;
  const { state, writeId, fresh, bytes, start, stamps, refresh } = outcome;
  return { state, writeId, fresh, bytes: ownBytes(bytes), start, stamps, refresh };
}

function unpackOutcome(outcome: unknown): unknown {
  if (isErrorParcel(outcome)) return unpackError(outcome);
  return isEntry(outcome) ? { ...outcome, bytes: asBuffer(outcome.bytes) } : outcome;
}

function isErrorParcel(outcome: unknown): outcome is ErrorParcel {
  return typeof outcome === 'object' && outcome !== null && 'isError' in outcome;
}

function isEntry(outcome: unknown): outcome is EntrySlot {
  return typeof outcome === 'object' && outcome !== null && 'state' in outcome && outcome.state === 'entry';
}

function ownBytes(bytes: Buffer): Buffer {
  const own = Buffer.allocUnsafeSlow(bytes.length);
  own.set(bytes);
  return own;
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** The first bytes of every stored value: no valid UTF-8, JSON, gzip or pickle starts so. */
export const MAGIC: readonly [number, number] = [0xc5, 0x53];
/** The version of the wire format that this package writes. */
export const WIRE_VERSION = 1;

/** What a stored key holds: the fourth byte of the frame. */
export const KIND = {
  /** `e`: a plain entry; Redis' own expiry is its end. */
  entry: 0x65,
  /** `E`: an entry with times of its own and room for a lease. */
  leasable: 0x45,
  /** `L`: a bare lease. */
  lease: 0x4c,
} as const;

/** Bytes of a lease token. */
export const TOKEN_LENGTH = 16;
/** Bytes of a time: milliseconds since the epoch, unsigned, highest byte first. */
export const TIME_LENGTH = 8;

/** Where each part of a frame begins, counted from 0 (Lua and GETRANGE: `string.sub` counts from 1). */
export const OFFSET = {
  magic: 0,
  version: 2,
  kind: 3,
  writeId: 4,
  /** Kinds E and L. */
  token: 12,
  /** Kinds E and L. */
  leaseDeadline: 28,
  /** Kind E. */
  freshUntil: 36,
  /** Kind E. */
  dieAt: 44,
} as const;

/** Where the checksum of each kind of entry begins. */
export const CHECKSUM_OFFSET = { entry: 12, leasable: 52 } as const;
/** Where the body of each kind of entry begins. */
export const BODY_OFFSET = { entry: 16, leasable: 56 } as const;
/** The slot of kind E, token and lease deadline: changed in place, and therefore outside the checksum. */
export const SLOT = { start: 12, end: 36 } as const;
/**
 * 32-bit words of each kind of entry that its checksum takes as zero: the checksum's own, and what scripts change in
 * place, which are the write id and the slot.
 */
export const BLANK = { entry: [1, 2, 3], leasable: [1, 2, 3, 4, 5, 6, 7, 8, 13] } as const;
/** Bytes of a bare lease. */
export const LEASE_LENGTH = 36;

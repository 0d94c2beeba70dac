import type { EntrySlot, Readings, Stamps, TagVersion, WriteId } from '../core/cache-store.js';
import type { Keeping, Warrant } from '../core/followable-store.js';

/** Where a copy is kept: under its name, or among all under the whole key that both make. */
export interface Place {
  readonly prefix: string;
  /** A key, or what stands for a tag. */
  readonly name: string;
}

/** A lone surrogate: no prefix, key or tag has one, so that no key of an entry can be that of a version. */
const TAG_MARK = '\uDC00';

/** What stands for a tag in the place of its version. */
export function nameOfTag(tag: string): string {
  return TAG_MARK + tag;
}

/** What is kept: either of the two. */
export type Copy = EntryCopy | VersionCopy;

/** An entry; whoever reads it is given this object. */
export class EntryCopy implements EntrySlot {
  readonly state = 'entry';
  readonly fresh = true;
  readonly start = 0;
  readonly writeId: WriteId;
  readonly bytes: Buffer;
  readonly stamps: Stamps | undefined;
  readonly readings: Readings = { hasBegun: false, hit: undefined, template: undefined };
  readonly until: number;
  readonly warrant: Warrant;
  readonly place: Place;
  /** Whether nothing has dropped it yet. */
  isKept = true;
  /** When its use was last noted. */
  usedAt = Number.NEGATIVE_INFINITY;
  /** Copies that all its stamps agreed with; absent before it was looked for. */
  versions: readonly VersionCopy[] | undefined;

  constructor(place: Place, entry: EntrySlot, { until, warrant }: Keeping) {
    this.place = place;
    this.writeId = entry.writeId;
    this.bytes = ownBytes(entry);
    this.stamps = entry.stamps;
    this.until = until;
    this.warrant = warrant;
  }
}

/** The version of a tag. */
export class VersionCopy {
  readonly version: TagVersion;
  readonly until: number;
  readonly warrant: Warrant;
  readonly place: Place;
  isKept = true;
  usedAt = Number.NEGATIVE_INFINITY;

  constructor(place: Place, version: TagVersion, { until, warrant }: Keeping) {
    this.place = place;
    this.version = version;
    this.until = until;
    this.warrant = warrant;
  }
}

/** A reply may be a part of something large, which would stay in memory with it. */
function ownBytes({ bytes, start }: EntrySlot): Buffer {
  const own = Buffer.allocUnsafeSlow(bytes.length - start);
  bytes.copy(own, 0, start);
  return own;
}

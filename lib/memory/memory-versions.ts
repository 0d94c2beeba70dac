import { randomBytes } from 'node:crypto';
import type { TagVersion } from '../core/cache-store.js';
import { TOKEN_LENGTH, sizeOfVersion } from './memory-size.js';
import type { MemoryTable } from './memory-table.js';

/** A lone surrogate: no key of an application has one, so that none can be the key of a tag. */
const TAG_MARK = '\uDC00';

/** The versions of tags, in the same table as the entries and under the same bounds: losing one costs misses only. */
export class MemoryVersions {
  readonly #table: MemoryTable;

  constructor(table: MemoryTable) {
    this.#table = table;
  }

  /** The version of a tag, if it has one. */
  find(prefix: string, tag: string, now: number): TagVersion | undefined {
    return this.#table.findVersion(keyOf(prefix, tag), now)?.version;
  }

  /**
   * The version of a tag, drawn if it has none.
   *
   * @param need how long it must live at least, in milliseconds
   * @throws CacheSerializationError when the tag is longer than everything that the store may hold
   */
  stamp(prefix: string, tag: string, need: number, now: number): TagVersion {
    const key = keyOf(prefix, tag);
    const endsAt = now + 2 * need;
    const found = this.#table.findVersion(key, now);
    if (found !== undefined) {
      if (found.endsAt - now < need) found.endsAt = endsAt;
      return found.version;
    }
    const size = sizeOfVersion(key);
    const refusal = this.#table.refusal(size, 'the version of a tag');
    if (refusal !== undefined) throw refusal;
    const version = randomBytes(TOKEN_LENGTH).toString('latin1');
    this.#table.put(key, { kind: 'version', version, endsAt }, size);
    return version;
  }

  /** Drops the version of a tag. */
  evict(prefix: string, tag: string): void {
    this.#table.remove(keyOf(prefix, tag));
  }
}

function keyOf(prefix: string, tag: string): string {
  return prefix + TAG_MARK + tag;
}

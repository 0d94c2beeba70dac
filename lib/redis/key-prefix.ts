/** What SCAN's MATCH takes for everything under a prefix: the characters that it gives a meaning lose it. */
export function patternUnder(prefix: string): string {
  return `${prefix.replaceAll(/[\\*?[\]]/g, String.raw`\$&`)}*`;
}

/** Whether a key, as the server tells it, is under a prefix. */
export function isUnder(prefix: Buffer, key: unknown): boolean {
  if (!Buffer.isBuffer(key) || key.length < prefix.length) return false;
  // Clearing asks this of every key: to cut its beginning off for each one takes longer than to look at its bytes.
  for (let index = prefix.length - 1; index >= 0; index -= 1) {
    if (key[index] !== prefix[index]) return false;
  }
  return true;
}

/** Begins the part of a key space that no application key reaches: no UTF-8 has this byte. */
const RESERVED = 0xff;

/** The key of the version of a tag. */
export function versionKey(prefix: string, tag: string): Buffer {
  return Buffer.concat([Buffer.from(prefix), Buffer.of(RESERVED), Buffer.from(tag)]);
}

/** Whose version a key holds. */
export function partsOfVersionKey(key: Buffer): { readonly prefix: string; readonly tag: string } {
  const border = key.indexOf(RESERVED);
  return { prefix: key.toString('utf8', 0, border), tag: key.toString('utf8', border + 1) };
}

/** Whether a key is that of a version, and of no entry. */
export function isVersionKey(key: Buffer): boolean {
  return key.includes(RESERVED);
}

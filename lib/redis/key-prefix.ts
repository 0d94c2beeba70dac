/** What SCAN's MATCH takes for everything under a prefix: the characters that it gives a meaning lose it. */
export function patternUnder(prefix: string): string {
  return `${prefix.replaceAll(/[\\*?[\]]/g, String.raw`\$&`)}*`;
}

/** Whether a key, as the server tells it, is under a prefix. */
export function isUnder(prefix: Buffer, key: unknown): boolean {
  return Buffer.isBuffer(key) && prefix.equals(key.subarray(0, prefix.length));
}

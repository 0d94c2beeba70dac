/** Takes the meaning from the characters that SCAN's MATCH gives one. */
export function escapePattern(text: string): string {
  return text.replaceAll(/[\\*?[\]]/g, String.raw`\$&`);
}

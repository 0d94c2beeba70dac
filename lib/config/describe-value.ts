const LONGEST_TEXT = 40;

/**
 * Says what was found where something else was expected, whatever it is: it never converts an object to text and
 * never shows a text that could be a URL or a connection string with credentials in it.
 */
export function describeValue(value: unknown): string {
  if (typeof value === 'string' && value !== '') return describeText(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'bigint') return `${shorten(String(value))}n`;
  return describeKind(value);
}

/** Says of what kind a value is, and nothing about its content: for secrets. */
export function describeKind(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (value === '') return 'an empty string';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function describeText(text: string): string {
  return /[@=]|:\/\//.test(text) ? 'a string that may hold credentials' : JSON.stringify(shorten(text));
}

function shorten(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
}

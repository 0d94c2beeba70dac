/** The units a duration string may carry, in milliseconds. */
const MILLISECONDS_PER_UNIT = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
} as const;

/** The fields a duration object may carry, in milliseconds. */
const FIELDS = [
  ['weeks', 604_800_000],
  ['days', 86_400_000],
  ['hours', 3_600_000],
  ['minutes', 60_000],
  ['seconds', 1_000],
  ['milliseconds', 1],
  ['microseconds', 1e-3],
  ['nanoseconds', 1e-6],
] as const;

/** @inline */
type DurationUnit = keyof typeof MILLISECONDS_PER_UNIT;
/** @inline */
type DurationField = (typeof FIELDS)[number][0];

/** Any `Temporal.Duration` without years and months, or a plain object with the same fields. */
export type DurationFields = { readonly [Field in DurationField]?: number };

/**
 * A span of time: a number of **milliseconds**, a string of one number and one unit, or an object of fields.
 *
 * @example
 * ```ts
 * const spans: Duration[] = [1_500, '250ms', '5s', '5m', '2h', '1d', { minutes: 5 }];
 * ```
 */
export type Duration = number | `${number}${DurationUnit}` | DurationFields;

/** The last millisecond that a `Date` can name (ECMAScript, "Time Values and Time Range"). */
export const LAST_MILLISECOND = 8.64e15;

const DURATION_TEXT = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;
/** A `Temporal.Duration` has years and months too; they are accepted when they are zero, having no fixed length. */
const FIELD_NAMES: ReadonlySet<string> = new Set([...FIELDS.map(([field]) => field), 'years', 'months']);

/**
 * Converts a duration to whole milliseconds; a fraction rounds up.
 *
 * @param duration what a caller wrote; anything is accepted, because it may come from a configuration file
 * @returns milliseconds, or `NaN` when `duration` is no duration; the sign and range are the caller's to judge
 */
export function toMilliseconds(duration: unknown): number {
  if (typeof duration === 'number') return Math.ceil(duration);
  if (typeof duration === 'string') return textToMilliseconds(duration);
  if (typeof duration === 'object' && duration !== null) return fieldsToMilliseconds(duration);
  return NaN;
}

function textToMilliseconds(text: string): number {
  const [, amount, unit] = DURATION_TEXT.exec(text) ?? [];
  if (amount === undefined || !isUnit(unit)) return NaN;
  return roundUp(Number(amount) * MILLISECONDS_PER_UNIT[unit]);
}

function isUnit(unit: string | undefined): unit is DurationUnit {
  return unit !== undefined && Object.hasOwn(MILLISECONDS_PER_UNIT, unit);
}

function fieldsToMilliseconds(fields: DurationFields & { years?: unknown; months?: unknown }): number {
  if (Boolean(fields.years) || Boolean(fields.months)) return NaN;
  if (Object.keys(fields).some((name) => !FIELD_NAMES.has(name))) return NaN;
  let total = 0;
  let present = 0;
  for (const [field, milliseconds] of FIELDS) {
    const amount: unknown = fields[field];
    if (amount === undefined) continue;
    if (typeof amount !== 'number') return NaN;
    total += amount * milliseconds;
    present += 1;
  }
  return present === 0 ? NaN : roundUp(total);
}

/** Rounds up, but not because of the last bit of a floating-point product (`1.1 * 1000` is 1100.0000000000002). */
function roundUp(milliseconds: number): number {
  const nearest = Math.round(milliseconds);
  return Math.abs(milliseconds - nearest) < 1e-6 ? nearest : Math.ceil(milliseconds);
}

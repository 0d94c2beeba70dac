import { inspect } from 'node:util';

/** How bytes look where somebody prints them. */
function looksOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  return [
    secret,
    bytes.toString('base64'),
    bytes.toString('hex'),
    // As inspect() and JSON.stringify() show a Buffer.
    [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' '),
    [...bytes].join(','),
  ];
}

/** Everything that a log, a debugger or an error tracker could show of a value. */
function everythingShown(value: unknown): string {
  const shown = [inspect(value, { depth: 10, showHidden: true, maxArrayLength: null }), String(value)];
  if (!(value instanceof Object)) return shown.join('\n');
  for (const name of ['message', 'stack']) shown.push(String(Reflect.get(value, name)));
  for (const name of Reflect.ownKeys(value)) shown.push(String(name), String(Reflect.get(value, name)));
  shown.push(JSON.stringify(value) ?? '');
  return shown.join('\n');
}

/** An error, and whatever it names as its causes. */
function chainOf(error: unknown): readonly unknown[] {
  if (!(error instanceof Object)) return [error];
  const causes: unknown = Reflect.get(error, 'errors') ?? [];
  return [error, Reflect.get(error, 'cause'), ...(Array.isArray(causes) ? causes : [])].flatMap((one) =>
    one === error || one === undefined ? [one] : chainOf(one),
  );
}

/** Which of the secrets can be seen somewhere in the values, or in the causes of those that are errors. */
export function secretsIn(values: readonly unknown[], secrets: readonly string[]): readonly string[] {
  const texts = values.flatMap(chainOf).map(everythingShown);
  return secrets.filter((secret) =>
    looksOf(secret).some((look) => texts.some((text) => text.includes(look))),
  );
}

/** Parts of a built-in error that are not enumerable and still belong to it. */
const HIDDEN = ['name', 'message', 'stack', 'cause', 'errors'];

const CONSTRUCTORS: ReadonlyMap<string, () => Error> = new Map<string, () => Error>([
  ['Error', () => new Error()],
  ['EvalError', () => new EvalError()],
  ['RangeError', () => new RangeError()],
  ['ReferenceError', () => new ReferenceError()],
  ['SyntaxError', () => new SyntaxError()],
  ['TypeError', () => new TypeError()],
  ['URIError', () => new URIError()],
  ['AggregateError', () => new AggregateError([])],
]);

/** Whether this built-in type is an error. */
export function isErrorType(name: string): boolean {
  return CONSTRUCTORS.has(name);
}

/** Reads the hidden parts that an error has, each once; a stack that a program made no string is left out. */
export function hiddenParts(error: object): [string, unknown][] {
  const parts: [string, unknown][] = [];
  for (const name of HIDDEN) {
    const descriptor = Object.getOwnPropertyDescriptor(error, name);
    if (descriptor === undefined || descriptor.enumerable === true) continue;
    const value: unknown = Reflect.get(error, name);
    if (name !== 'stack' || typeof value === 'string') parts.push([name, value]);
  }
  return parts;
}

/** Whether a stored name is one of the hidden parts. */
export function isHiddenPart(name: string): boolean {
  return HIDDEN.includes(name);
}

/**
 * Makes an error that has no parts yet.
 *
 * @param name of its built-in type
 * @returns undefined when there is no such type
 */
export function bareError(name: string): Error | undefined {
  const construct = CONSTRUCTORS.get(name);
  if (construct === undefined) return undefined;
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0; // this place in the codec is not where the error happened
  try {
    const error = construct();
    for (const part of HIDDEN) Reflect.deleteProperty(error, part);
    return error;
  } finally {
    Error.stackTraceLimit = limit;
  }
}

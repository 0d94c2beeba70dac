/** Where the options of a load carry who is told of a hit: no application can name it. */
const listener = Symbol('hit listener');

interface Listened {
  readonly [listener]: () => void;
}

/** The same options, and somebody who is told of each key that is answered from what the cache held. */
export function withHitListener(options: unknown, onHit: () => void): unknown {
  // What is no object is refused later, as ever.
  if (options !== undefined && (typeof options !== 'object' || options === null)) return options;
  const copy: object = Object.create(options === undefined ? null : Object.getPrototypeOf(options));
  return Object.assign(copy, options, { [listener]: onHit } satisfies Listened);
}

export function hitListenerOf(options: object): (() => void) | undefined {
  return isListened(options) ? options[listener] : undefined;
}

function isListened(options: object): options is Listened {
  return listener in options;
}

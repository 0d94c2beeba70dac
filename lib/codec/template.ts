/** Of one value: what has more is decoded for each reader instead, as its copy in memory would be large. */
const MOST_CONTAINERS = 1_000;

/** A value of which copies are made: objects, arrays and primitives, each container in one place only. */
export class Template {
  readonly #tree: object;

  private constructor(tree: object) {
    this.#tree = tree;
  }

  /**
   * To copy such a value takes a fraction of the time of decoding it; what holds anything else has to be decoded.
   *
   * @param value stays the caller's own
   */
  static of(value: unknown): Template | undefined {
    return isContainer(value) && isTree(value) ? new Template(copyOf(value)) : undefined;
  }

  /** A value of the caller's own. */
  copy(): unknown {
    return copyOf(this.#tree);
  }
}

function copyOf(tree: object): object {
  return Array.isArray(tree) ? copyOfArray(tree) : copyOfObject(tree);
}

function copyOfArray(array: readonly unknown[]): unknown[] {
  const copy = array.slice();
  for (let index = 0; index < copy.length; index += 1) {
    const part = copy[index];
    if (isContainer(part)) copy[index] = copyOf(part);
  }
  return copy;
}

function copyOfObject(object: object): object {
  const copy: Record<string, unknown> = { ...object };
  for (const name of Object.keys(copy)) {
    const part = copy[name];
    if (isContainer(part)) copy[name] = copyOf(part);
  }
  return copy;
}

/** Whether all containers are plain, few, and each in one place only. */
function isTree(value: object): boolean {
  const found = new Set<object>([value]);
  // What is found on the way is visited too.
  for (const container of found) {
    if (!isPlain(container)) return false;
    for (const part of Object.values(container)) {
      if (!isContainer(part)) continue;
      if (found.has(part) || found.size === MOST_CONTAINERS) return false;
      found.add(part);
    }
  }
  return true;
}

function isPlain(container: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(container);
  return prototype === (Array.isArray(container) ? Array.prototype : Object.prototype);
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

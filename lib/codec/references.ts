/** Up to here comparing one by one is faster than hashing. */
const SCANNED = 12;

/**
 * Remembers every object that a walk enters, in order, so that a second way to it becomes a reference. Most values
 * share nothing, so numbers are only looked up once something is found to be shared.
 */
export class References {
  /** The first ones; its length stays, as giving an array another one costs more than all the rest here. */
  private readonly few: (object | undefined)[] = [];
  private count = 0;
  private many: Set<object> | undefined;
  private numbers: Map<object, number> | undefined;

  /**
   * Finds the number of an object, or gives it the next one.
   *
   * @param value the object that the walk enters
   * @returns its number when it was entered before, else -1
   */
  enter(value: object): number {
    if (this.many !== undefined) return this.enterMany(this.many, value);
    const { few, count } = this;
    for (let index = 0; index < count; index += 1) if (few[index] === value) return index;
    few[count] = value;
    this.count = count + 1;
    if (count === SCANNED) this.many = this.entered();
    return -1;
  }

  private enterMany(many: Set<object>, value: object): number {
    const before = many.size;
    many.add(value);
    if (many.size > before) {
      this.numbers?.set(value, before);
      return -1;
    }
    this.numbers ??= numbered(many);
    return this.numbers.get(value) ?? -1;
  }

  /**
   * Enters several objects, or none when one of them was entered before.
   *
   * @param values the objects
   * @returns whether all were new
   */
  enterAll(values: readonly object[]): boolean {
    const many = (this.many ??= this.entered());
    for (let index = 0; index < values.length; index += 1) {
      const value = values[index] ?? many;
      const before = many.size;
      many.add(value);
      if (many.size > before) {
        this.numbers?.set(value, before);
        continue;
      }
      for (const entered of values.slice(0, index)) {
        many.delete(entered);
        this.numbers?.delete(entered);
      }
      return false;
    }
    return true;
  }

  private entered(): Set<object> {
    const entered = new Set<object>();
    for (const value of this.few) if (value !== undefined) entered.add(value);
    return entered;
  }

  /** How many objects were entered. */
  get size(): number {
    return this.many === undefined ? this.count : this.many.size;
  }

  /** Forgets everything, so that nothing of the value is kept alive. */
  clear(): void {
    this.few.fill(undefined, 0, this.count);
    this.count = 0;
    this.many = undefined;
    this.numbers = undefined;
  }
}

function numbered(entered: Iterable<object>): Map<object, number> {
  const numbers = new Map<object, number>();
  for (const value of entered) numbers.set(value, numbers.size);
  return numbers;
}

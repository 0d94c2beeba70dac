/** Up to here comparing one by one is faster than hashing. */
const SCANNED = 12;

/** Remembers every object that a walk enters, in order, so that a second way to it becomes a reference. */
export class References {
  private readonly few: object[] = [];
  private many: Map<object, number> | undefined;

  /**
   * Finds the number of an object, or gives it the next one.
   *
   * @param value the object that the walk enters
   * @returns its number when it was entered before, else -1
   */
  enter(value: object): number {
    if (this.many !== undefined) return enterIn(this.many, value);
    const { few } = this;
    for (let index = 0; index < few.length; index += 1) if (few[index] === value) return index;
    few.push(value);
    if (few.length > SCANNED) this.many = new Map(few.map((entered, index) => [entered, index]));
    return -1;
  }

  /** How many objects were entered. */
  get size(): number {
    return this.many === undefined ? this.few.length : this.many.size;
  }

  /** Forgets everything, so that nothing of the value is kept alive. */
  clear(): void {
    this.few.length = 0;
    this.many = undefined;
  }
}

function enterIn(many: Map<object, number>, value: object): number {
  const index = many.get(value);
  if (index !== undefined) return index;
  many.set(value, many.size);
  return -1;
}

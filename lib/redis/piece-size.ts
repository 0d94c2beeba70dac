/** Measured with callers on the server's machine: with 32 halves are up to a third faster, with 8 a fifth, and with fewer they cost more than they gain where a system call is dear. */
const WORTH_HALVING = 8;
/** How far one turn moves what is taken for usual. */
const SMOOTHING = 1 / 8;

/**
 * How many of what is asked for in one turn of the event loop leave in one piece. Where many are under way all the time,
 * half of them leave before the turn ends: then the server works on one half while this process works on the other,
 * and neither waits for the other.
 */
export class PieceSize {
  readonly #most: number;
  #underWay = 0;
  /** How many are under way at a time, on an average of the last turns. */
  #usual = 0;
  #hasLeftEarly = false;

  /** @param most that one piece may have */
  constructor(most: number) {
    this.#most = most;
  }

  /** Whether no more may leave together. */
  isFull(size: number): boolean {
    return size >= this.#most;
  }

  /** Whether so many are better sent before the turn ends. */
  isHalf(size: number): boolean {
    if (this.#hasLeftEarly) return false;
    const usual = Math.round(this.#usual);
    return usual >= WORTH_HALVING && size * 2 >= usual;
  }

  /** To be called with each piece, before it leaves. */
  leave(size: number): void {
    this.#underWay += size;
    this.#hasLeftEarly = true;
  }

  /** To be called once for each piece, when its answer has come, or never will. */
  arrive(size: number): void {
    this.#underWay -= size;
  }

  endTurn(): void {
    this.#usual += (this.#underWay - this.#usual) * SMOOTHING;
    this.#hasLeftEarly = false;
  }
}

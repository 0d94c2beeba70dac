// Popularity: the key of rank k is asked for in proportion to 1 / k^0.99, as in YCSB
// (Gray et al., Quickly generating billion-record synthetic databases, 1994).

export const SKEW = 0.99;

/** The sum of 1 / k^0.99 up to a number of keys. */
export function zeta(keys) {
  let sum = 0;
  for (let rank = 1; rank <= keys; rank += 1) sum += rank ** -SKEW;
  return sum;
}

/** Draws ranks from 0 on, the same ones in each run. */
export class Zipf {
  #keys;
  #zeta;
  #alpha = 1 / (1 - SKEW);
  #eta;
  #two = zeta(2);
  #state = 0x9e3779b9;

  constructor(keys) {
    this.#keys = keys;
    this.#zeta = zeta(keys);
    this.#eta = (1 - (2 / keys) ** (1 - SKEW)) / (1 - this.#two / this.#zeta);
  }

  next() {
    const part = this.#random();
    const share = part * this.#zeta;
    if (share < 1) return 0;
    if (share < this.#two) return 1;
    return Math.min(
      this.#keys - 1,
      Math.floor(this.#keys * (this.#eta * part - this.#eta + 1) ** this.#alpha),
    );
  }

  /** Mulberry32. */
  #random() {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
}

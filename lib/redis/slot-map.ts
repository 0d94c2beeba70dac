import type { ResolvedAddress } from '../config/resolved-redis-cache-options.js';
import { hostAndPort, hostOr } from './address.js';

/** How many parts a cluster divides its keys into (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/). */
export const SLOTS = 16_384;

/** Which master serves which slot of a cluster, as one node told it, and as redirections have corrected it since. */
export class SlotMap {
  readonly #owners: (ResolvedAddress | undefined)[] = Array.from({ length: SLOTS });

  /**
   * @param reply to `CLUSTER SLOTS`
   * @param host of the node that replied: nodes may leave their host out
   * @returns `undefined` when it is no such reply, or names no master at all
   */
  static parse(reply: unknown, host: string): SlotMap | undefined {
    if (!Array.isArray(reply)) return undefined;
    const map = new SlotMap();
    for (const range of reply) {
      if (!Array.isArray(range) || !Array.isArray(range[2])) return undefined;
      const [first, last, [ownerHost, ownerPort]] = range;
      const owner = { host: hostOr(host, ownerHost), port: Number(ownerPort) };
      for (let slot = Number(first); slot <= Number(last); slot++) map.#owners[slot] = owner;
    }
    return map.#owners.some((owner) => owner !== undefined) ? map : undefined;
  }

  ownerOf(slot: number): ResolvedAddress | undefined {
    return this.#owners[slot];
  }

  assign(slot: number, owner: ResolvedAddress): void {
    this.#owners[slot] = owner;
  }

  /** Each master once. */
  masters(): readonly ResolvedAddress[] {
    const masters = new Map<string, ResolvedAddress>();
    let last: ResolvedAddress | undefined;
    for (const owner of this.#owners) {
      if (owner === undefined || owner === last) continue;
      last = owner;
      masters.set(hostAndPort(owner), owner);
    }
    return [...masters.values()];
  }

  anyMaster(): ResolvedAddress {
    const owner = this.#owners.find((one) => one !== undefined);
    if (owner === undefined) throw new TypeError('A map of slots names at least one master');
    return owner;
  }

  /** The same, as it is now: redirections that come later do not show in it. */
  copy(): SlotMap {
    const copy = new SlotMap();
    for (const [slot, owner] of this.#owners.entries()) copy.#owners[slot] = owner;
    return copy;
  }

  /** The slots of a master, as it writes them down itself: `0-5460 5462`. */
  rangesOf(master: ResolvedAddress): string {
    const name = hostAndPort(master);
    const ranges: string[] = [];
    for (let first = 0; first < SLOTS; first++) {
      if (!this.#isOf(name, first)) continue;
      let last = first;
      while (this.#isOf(name, last + 1)) last += 1;
      ranges.push(last === first ? `${first}` : `${first}-${last}`);
      first = last;
    }
    return ranges.join(' ');
  }

  #isOf(name: string, slot: number): boolean {
    const owner = this.#owners[slot];
    return owner !== undefined && hostAndPort(owner) === name;
  }

  /** Whether the same master serves the slot there. */
  isServedAlike(slot: number, other: SlotMap): boolean {
    const [left, right] = [this.#owners[slot], other.#owners[slot]];
    return left === right || (left?.host === right?.host && left?.port === right?.port);
  }
}

import type { Command, Slot } from '../../lib/core/cache-store.js';
import type { Ends } from './followable-wire.js';

/** Notes when what a store is given ends: a look at an entry does not tell. */
export class StoreEnds implements Ends {
  readonly #writes = new Map<string, number>();
  readonly #versions = new Map<string, number>();

  ofWrite(writeId: string): number {
    return this.#writes.get(writeId) ?? Infinity;
  }

  ofVersion(version: string): number {
    return this.#versions.get(version) ?? Infinity;
  }

  /** Told of each command, of its answer, and of what its key held before and after. */
  note(command: Command, reply: unknown, before: Slot | undefined, after: Slot | undefined): void {
    const now = performance.now();
    switch (command.op) {
      case 'write':
        for (const [index, { ttl = Infinity }] of command.puts.entries())
          this.#writes.set(textAt(reply, index), now + ttl);
        return;
      case 'fulfil':
      case 'settle':
        if (reply === true) this.#writes.set(writeIdIn(after), now + (command.put.ttl ?? Infinity));
        return;
      case 'keep':
        if (reply === true) this.#writes.set(writeIdIn(after), this.ofWrite(writeIdIn(before)));
        return;
      case 'stamp':
        for (const index of command.tags.keys()) this.#noteStamp(textAt(reply, index), now, command.need);
        return;
      default:
    }
  }

  /** A version lives for twice what is needed, and again so long when less than that is left. */
  #noteStamp(version: string, now: number, need: number): void {
    const end = this.#versions.get(version);
    if (end === undefined || end - now < need) this.#versions.set(version, now + 2 * need);
  }
}

function writeIdIn(slot: Slot | undefined): string {
  return slot === undefined || slot.state === 'absent' ? '' : slot.writeId;
}

function textAt(reply: unknown, index: number): string {
  return Array.isArray(reply) ? String(reply[index]) : '';
}

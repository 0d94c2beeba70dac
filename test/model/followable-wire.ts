import type { Outcome, Slot, TagVersion } from '../../lib/core/cache-store.js';
import type { FollowableStore, Follower, Following, Keeping, Kept } from '../../lib/core/followable-store.js';
import type { NewsLine } from './news-line.js';
import { pauseFor, type Server, type Weather, Wire } from './wire.js';

/** When what a store holds ends by itself, on the clock of the schedule; `Infinity`: not at all. */
export interface Ends {
  ofWrite(writeId: string): number;
  ofVersion(version: string): number;
}

/** The connection of a process that keeps what it reads, and the line on which it hears of changes. */
export class FollowableWire extends Wire implements FollowableStore {
  readonly line: NewsLine;
  readonly #server: Server;
  readonly #ends: Ends;
  readonly #slowness: () => number;

  /** @param slowness how long an answer that has come is not handed on: it may come after those that follow it */
  constructor(server: Server, weather: Weather, line: NewsLine, ends: Ends, slowness: () => number) {
    super(server, weather);
    this.#server = server;
    this.line = line;
    this.#ends = ends;
    this.#slowness = slowness;
  }

  override cut(): void {
    super.cut();
    this.line.cut();
  }

  follow(follower: Follower): Following {
    return this.line.follow(follower);
  }

  async readToKeep(prefix: string, keys: readonly string[]): Promise<readonly Kept<Outcome<Slot>>[]> {
    const keeper = this.#keeper();
    const answers = await this.carry<Kept<Outcome<Slot>>>({ op: 'read', prefix, keys }, async (part) => {
      if (part.op !== 'read') throw new Error(`Nobody sent ${part.op}`);
      // What is read is noted in the same moment.
      const reading = this.#server.store.execute<'read'>(part);
      const keep = keeper((warrant) => part.keys.forEach((key) => this.line.noteKey(warrant, prefix, key)));
      const slots = await reading;
      return slots.map((answer) =>
        'state' in answer && answer.state === 'entry' && answer.refresh === undefined
          ? { answer, keeping: keep(this.#ends.ofWrite(answer.writeId)) }
          : { answer },
      );
    });
    await pauseFor(this.#slowness());
    return answers;
  }

  async versionsToKeep(
    prefix: string,
    tags: readonly string[],
  ): Promise<readonly Kept<TagVersion | undefined>[]> {
    const keeper = this.#keeper();
    const answers = await this.carry<Kept<TagVersion | undefined>>(
      { op: 'versions', prefix, tags },
      async (part) => {
        if (part.op !== 'versions') throw new Error(`Nobody sent ${part.op}`);
        const reading = this.#server.store.execute<'versions'>(part);
        const keep = keeper((warrant) =>
          part.tags.forEach((tag) => this.line.noteVersion(warrant, prefix, tag)),
        );
        const versions = await reading;
        return versions.map((answer) =>
          answer === undefined ? { answer } : { answer, keeping: keep(this.#ends.ofVersion(answer)) },
        );
      },
    );
    await pauseFor(this.#slowness());
    return answers;
  }

  /** What a read that is sent now does when it has arrived: what is left of a life begins when it was sent. */
  #keeper(): (
    note: (warrant: NonNullable<NewsLine['warrant']>) => void,
  ) => (end: number) => Keeping | undefined {
    const { warrant } = this.line;
    const sentAt = performance.now();
    return (note) => {
      if (warrant !== undefined) note(warrant);
      const arrivedAt = performance.now();
      return (end) => warrant && { until: sentAt + end - arrivedAt, warrant };
    };
  }
}

import type { FaultStage, StageOptions } from './fault-stage.js';
import type { Verdicts } from './verdicts.js';

/** Something that goes wrong, how it is brought about and undone, and what operations come to meanwhile. */
export interface FaultCase {
  /** The acceptance check that it belongs to. */
  readonly id: string;
  /** What goes wrong, as the table of the documentation says it. */
  readonly name: string;
  /** Where it happens. */
  readonly stage: Omit<StageOptions, 'socketTimeout'>;
  /** Whether it strikes caches that are connected, or their first attempt to connect. */
  readonly meets: 'connected' | 'connecting';
  /** Makes the server ready before anyone connects. */
  readonly prepare?: (stage: FaultStage) => Promise<unknown>;
  /** Brings it about, before the operations begin. */
  readonly strike: (stage: FaultStage) => Promise<unknown>;
  /** Brings it about, or makes it worse, once they are under way. */
  readonly strikeInFlight?: (stage: FaultStage) => Promise<unknown>;
  /** What the operations come to. */
  readonly first: Verdicts;
  /** What they come to while it lasts and the cache knows that there is no connection: then they fail at once. */
  readonly later?: Verdicts;
  /** Undoes it; absent: only another configuration would. */
  readonly heal?: (stage: FaultStage) => Promise<unknown>;
  /** What is to be known of what a plain client of ioredis does meanwhile. */
  readonly plainNote?: string;
  /** How long the caches may take to work again after that, in milliseconds. Default 2,000. */
  readonly recovery?: number;
}

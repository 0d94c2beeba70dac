import { now } from '../support/clock.js';
import { tagOf } from './key-name.js';
import { type Fate, type KeyPlace, type KeyRecord, type Ledger, UNSTEADY } from './ledger.js';

/** A write under way. */
export interface Ticket {
  readonly sequence: number;
  readonly effect: 'stored' | 'removed';
  /** In milliseconds; 0: for ever. */
  readonly ttl: number;
  readonly begunAt: number;
  readonly epoch: number;
  /** Whether something else may remove it again: a clear that was under way then, or work in the background. */
  readonly isAtRisk: boolean;
}

const UNTOUCHED: KeyRecord = {
  generation: 0,
  begun: 0,
  floor: 0,
  floorEffect: 'none',
  floorTtl: 0,
  floorBegunAt: 0,
  floorDoneAt: 0,
  floorEpoch: UNSTEADY,
  unsettled: 0,
  doubtfulEnds: 0,
  doubtfulStores: 0,
  origin: 0,
};

/**
 * How many round trips a step on a key may have to wait for: a write with tags takes two, and whatever the same process
 * does with the key comes after it.
 */
export function tripsBefore(place: KeyPlace, { unsettled }: KeyRecord): number {
  return tagOf(place) === undefined ? 0 : 2 * unsettled;
}

/** A key that this process alone writes; every step is entered into the ledger before anyone can see its effect. */
export class OwnKey {
  #record = UNTOUCHED;
  #clearing = 0;

  constructor(
    readonly place: KeyPlace,
    private readonly ledger: Ledger,
  ) {}

  get record(): KeyRecord {
    return this.#record;
  }

  /** A clear takes its time: what is stored meanwhile may stay, or go. */
  beginClearing(): Ticket {
    this.#clearing += 1;
    return this.begin('removed');
  }

  settleClearing(ticket: Ticket, fate: 'done' | 'doubtful'): void {
    this.#clearing -= 1;
    this.settle(ticket, fate);
  }

  begin(effect: Ticket['effect'], ttl = 0, isAtRisk = this.#clearing > 0): Ticket {
    const sequence = this.#record.begun + 1;
    this.ledger.setFate(this.place, sequence, 'begun');
    this.#enter({ begun: sequence, unsettled: this.#record.unsettled + 1 });
    const epoch = this.ledger.epoch(this.place.stage);
    return { sequence, effect, ttl, begunAt: now(), epoch, isAtRisk };
  }

  /** Writes the origin that the key is loaded from. */
  writeOrigin(version: number): void {
    this.#enter({ origin: version });
  }

  settle(ticket: Ticket, fate: Exclude<Fate, 'never' | 'begun'>): void {
    this.ledger.setFate(this.place, ticket.sequence, fate);
    const unsettled = this.#record.unsettled - 1;
    if (fate === 'doubtful') this.#enter({ unsettled, ...this.#doubts(ticket) });
    else if (fate === 'done' && ticket.sequence > this.#record.floor) {
      this.#enter({ unsettled, ...this.#floorOf(ticket) });
    } else this.#enter({ unsettled });
  }

  /** Leaves a key that has had too many doubts to say much of it. */
  renew(): void {
    this.#record = { ...UNTOUCHED, generation: this.#record.generation };
    this.#enter({ generation: this.#record.generation + 1 });
  }

  #doubts({ effect, ttl }: Ticket): Partial<KeyRecord> {
    const { doubtfulEnds, doubtfulStores } = this.#record;
    const ends = effect === 'removed' || ttl > 0;
    return {
      doubtfulEnds: doubtfulEnds + (ends ? 1 : 0),
      doubtfulStores: doubtfulStores + (effect === 'stored' ? 1 : 0),
    };
  }

  #floorOf({ sequence, effect, ttl, begunAt, epoch, isAtRisk }: Ticket): Partial<KeyRecord> {
    const isSteady = epoch === this.ledger.epoch(this.place.stage);
    return {
      floor: sequence,
      floorEffect: isAtRisk && effect === 'stored' ? 'perhaps stored' : effect,
      floorTtl: ttl,
      floorBegunAt: begunAt,
      floorDoneAt: now(),
      floorEpoch: isSteady ? epoch : UNSTEADY,
    };
  }

  #enter(change: Partial<KeyRecord>): void {
    this.#record = { ...this.#record, ...change };
    this.ledger.setRecord(this.place, this.#record);
  }
}

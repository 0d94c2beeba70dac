import { closeSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { now } from '../support/clock.js';

/** What became of a write: of a doubtful one nobody knows, a refused one was said to have changed nothing. */
export type Fate = 'never' | 'begun' | 'done' | 'doubtful' | 'refused';

/** What is known of one key by whoever alone writes it. */
export interface KeyRecord {
  /** After too many doubts a key is left for a new one; this counts them. */
  readonly generation: number;
  /** The number of the last write that was begun. */
  readonly begun: number;
  /** The number of the last write that was confirmed; nothing older may be read from then on. */
  readonly floor: number;
  readonly floorEffect: (typeof EFFECTS)[number];
  /** Of that write, in milliseconds; 0: for ever. */
  readonly floorTtl: number;
  readonly floorBegunAt: number;
  readonly floorDoneAt: number;
  /** The epoch of the servers in which it was confirmed; {@link UNSTEADY} when that changed meanwhile. */
  readonly floorEpoch: number;
  /** How many writes are under way. */
  readonly unsettled: number;
  /** How many writes of unknown outcome leave the key empty now or later: removals, and those with a time to live. */
  readonly doubtfulEnds: number;
  readonly doubtfulStores: number;
  /** The last version in the origin that the key is loaded from. */
  readonly origin: number;
}

/** Where a record is. */
export interface KeyPlace {
  readonly stage: number;
  readonly owner: number;
  readonly key: number;
}

/** How many there are of each. */
export interface LedgerShape {
  readonly stages: number;
  readonly owners: number;
  readonly keys: number;
}

/** No epoch of the servers. */
export const UNSTEADY = 0xffff_ffff;

const EFFECTS = ['none', 'stored', 'perhaps stored', 'removed'] as const;
const FATES = ['never', 'begun', 'done', 'doubtful', 'refused'] as const;
const EPOCH_LENGTH = 64;
const HEAD_LENGTH = 64;
const MOST_WRITES = 65_000;
/** Of each write its fate, and when it was confirmed. */
const RECORD_LENGTH = HEAD_LENGTH + MOST_WRITES * (1 + 8);

/**
 * What every process has written, in a file that all of them read: who reads a value can judge it on the spot.
 *
 * Each record has one writer. Its head is written and read at once, between two equal stamps.
 */
export class Ledger {
  readonly #file: number;
  readonly #head = Buffer.alloc(HEAD_LENGTH);
  readonly #word = Buffer.alloc(4);
  readonly #byte = Buffer.alloc(1);
  readonly #time = Buffer.alloc(8);
  #stamp = 0;

  private constructor(
    file: number,
    private readonly shape: LedgerShape,
  ) {
    this.#file = file;
  }

  static create(path: string, shape: LedgerShape): Ledger {
    const file = openSync(path, 'wx+');
    const records = shape.stages * shape.owners * shape.keys;
    ftruncateSync(file, shape.stages * EPOCH_LENGTH + records * RECORD_LENGTH);
    return new Ledger(file, shape);
  }

  static open(path: string, shape: LedgerShape): Ledger {
    return new Ledger(openSync(path, 'r+'), shape);
  }

  close(): void {
    closeSync(this.#file);
  }

  /** Even while the servers of a stage keep what they confirm; odd while they may lose it. */
  epoch(stage: number): number {
    readSync(this.#file, this.#word, 0, 4, stage * EPOCH_LENGTH);
    return this.#word.readUInt32LE();
  }

  setEpoch(stage: number, epoch: number): void {
    this.#word.writeUInt32LE(epoch);
    writeSync(this.#file, this.#word, 0, 4, stage * EPOCH_LENGTH);
  }

  record(place: KeyPlace): KeyRecord {
    const head = this.#head;
    do readSync(this.#file, head, 0, HEAD_LENGTH, this.#offset(place));
    while (head.readUInt32LE(0) !== head.readUInt32LE(HEAD_LENGTH - 4));
    return {
      generation: head.readUInt32LE(4),
      begun: head.readUInt32LE(8),
      floor: head.readUInt32LE(12),
      floorEpoch: head.readUInt32LE(16),
      unsettled: head.readUInt16LE(20),
      floorEffect: EFFECTS[head.readUInt16LE(22)] ?? 'none',
      doubtfulEnds: head.readUInt32LE(24),
      doubtfulStores: head.readUInt32LE(28),
      floorBegunAt: head.readDoubleLE(32),
      floorDoneAt: head.readDoubleLE(40),
      floorTtl: head.readUInt32LE(48),
      origin: head.readUInt32LE(52),
    };
  }

  setRecord(place: KeyPlace, record: KeyRecord): void {
    const head = this.#head;
    this.#stamp = (this.#stamp + 1) >>> 0;
    head.writeUInt32LE(this.#stamp, 0);
    head.writeUInt32LE(record.generation, 4);
    head.writeUInt32LE(record.begun, 8);
    head.writeUInt32LE(record.floor, 12);
    head.writeUInt32LE(record.floorEpoch, 16);
    head.writeUInt16LE(record.unsettled, 20);
    head.writeUInt16LE(EFFECTS.indexOf(record.floorEffect), 22);
    head.writeUInt32LE(record.doubtfulEnds, 24);
    head.writeUInt32LE(record.doubtfulStores, 28);
    head.writeDoubleLE(record.floorBegunAt, 32);
    head.writeDoubleLE(record.floorDoneAt, 40);
    head.writeUInt32LE(record.floorTtl, 48);
    head.writeUInt32LE(record.origin, 52);
    head.writeUInt32LE(this.#stamp, HEAD_LENGTH - 4);
    writeSync(this.#file, head, 0, HEAD_LENGTH, this.#offset(place));
  }

  fate(place: KeyPlace, sequence: number): Fate {
    if (!(sequence > 0 && sequence < MOST_WRITES)) return 'never';
    readSync(this.#file, this.#byte, 0, 1, this.#offset(place) + HEAD_LENGTH + sequence);
    return FATES[this.#byte.readUInt8()] ?? 'never';
  }

  setFate(place: KeyPlace, sequence: number, fate: Fate): void {
    if (sequence >= MOST_WRITES) throw new Error('The ledger is full: a run is not meant to be that long');
    if (fate === 'done') {
      this.#time.writeDoubleLE(now());
      writeSync(this.#file, this.#time, 0, 8, this.#timeOffset(place, sequence));
    }
    this.#byte.writeUInt8(FATES.indexOf(fate));
    writeSync(this.#file, this.#byte, 0, 1, this.#offset(place) + HEAD_LENGTH + sequence);
  }

  /** On the clock of all processes; undefined when it was not. */
  confirmedAt(place: KeyPlace, sequence: number): number | undefined {
    if (this.fate(place, sequence) !== 'done') return undefined;
    readSync(this.#file, this.#time, 0, 8, this.#timeOffset(place, sequence));
    return this.#time.readDoubleLE();
  }

  #timeOffset(place: KeyPlace, sequence: number): number {
    return this.#offset(place) + HEAD_LENGTH + MOST_WRITES + 8 * sequence;
  }

  #offset({ stage, owner, key }: KeyPlace): number {
    const { stages, owners, keys } = this.shape;
    return stages * EPOCH_LENGTH + ((stage * owners + owner) * keys + key) * RECORD_LENGTH;
  }
}

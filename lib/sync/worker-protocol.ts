import type { MessagePort } from 'node:worker_threads';
import type { BlockingOperation, Command } from '../core/cache-store.js';

/** What the worker is given when it is started. */
export interface WorkerStart<Settings> {
  readonly port: MessagePort;
  readonly cells: Int32Array;
  readonly settings: Settings;
}

/** A command on its way to the worker. */
export interface CommandMessage {
  readonly id: number;
  readonly command: Command<BlockingOperation>;
}

/** The cells that both threads see. */
export const CELL = {
  /** Where the last command stands: its number and its {@link STATUS}; {@link GONE} when nobody will answer it. */
  turn: 0,
  /** 1 as soon as the worker takes commands. */
  started: 1,
  /** Counts while the worker is at work, so that whoever waits knows that it is. */
  beats: 2,
} as const;

/** How many cells there are. */
export const CELLS = 3;

/** Where a command stands. Each step is taken by one of both threads alone. */
export const STATUS = {
  /** Handed over, and not looked at. */
  posted: 0,
  /** The worker carries it out. */
  taken: 1,
  /** The reply is there. */
  answered: 2,
  /** The caller has gone before the worker looked at it: it is not carried out. */
  cancelled: 3,
} as const;

/** In the place of a turn: the worker has ended. */
export const GONE = -1;

/** So that a turn fits its cell. */
const MOST_IDS = 2 ** 28;

export function turnOf(id: number, status: (typeof STATUS)[keyof typeof STATUS]): number {
  return id * 4 + status;
}

export function nextId(id: number): number {
  return (id + 1) % MOST_IDS;
}

import type { MessagePort } from 'node:worker_threads';
import type { CacheStore } from '../core/cache-store.js';
import { packFailure, packReply, type ReplyParcel, unpackCommand } from './parcel.js';
import { CELL, type CommandMessage, GONE, STATUS, turnOf } from './worker-protocol.js';

/** How often the other thread is shown that this one is at work, in milliseconds. */
const BEAT = 20;

/** The worker's side: carries out one command after another, and wakes whoever waits. */
export function serveCommands(store: CacheStore, port: MessagePort, cells: Int32Array): void {
  port.on('message', (message: CommandMessage) => void serve(store, port, cells, message));
  Atomics.store(cells, CELL.started, 1);
}

/** Nobody shall wait for a worker that has ended. */
export function announceEnd(cells: Int32Array): void {
  Atomics.store(cells, CELL.turn, GONE);
  Atomics.notify(cells, CELL.turn);
}

async function serve(
  store: CacheStore,
  port: MessagePort,
  cells: Int32Array,
  { id, command }: CommandMessage,
): Promise<void> {
  const [posted, taken] = [turnOf(id, STATUS.posted), turnOf(id, STATUS.taken)];
  if (Atomics.compareExchange(cells, CELL.turn, posted, taken) !== posted) return;
  const beating = setInterval(() => Atomics.add(cells, CELL.beats, 1), BEAT);
  const parcel = await carryOut(store, command);
  clearInterval(beating);
  port.postMessage(parcel);
  Atomics.store(cells, CELL.turn, turnOf(id, STATUS.answered));
  Atomics.notify(cells, CELL.turn);
}

async function carryOut(store: CacheStore, command: CommandMessage['command']): Promise<ReplyParcel> {
  try {
    return packReply(await store.execute(unpackCommand(command)));
  } catch (error) {
    return packFailure(error);
  }
}

import type { Command } from '../../lib/core/cache-store.js';
import { type History, type Hold, putIn } from './history.js';
import type { Key } from './program.js';

/** An answer that is lost may concern a command that arrives so much later, in milliseconds. */
const LATE = 400;

/** Sees the commands and answers of one process, and tells the history what the calls themselves do not. */
export class Witness {
  readonly #history: History;
  readonly #pauseFor: number;
  /** By the token of their lease. */
  readonly #holds = new Map<string, Hold & { readonly lease: number }>();

  constructor(history: History, pauseFor: number) {
    this.#history = history;
    this.#pauseFor = pauseFor;
  }

  sent(command: Command): void {
    if (command.op === 'acquire' || command.op === 'begin') this.#open(command, performance.now());
  }

  answered(command: Command, reply: unknown, sentAt: number): void {
    const now = performance.now();
    switch (command.op) {
      case 'write':
        for (const put of command.puts)
          this.#history.confirm(putIn(put.bytes.toString('latin1')), sentAt, now);
        return;
      case 'fulfil':
        if (reply === true) this.#history.confirm(putIn(command.put.bytes.toString('latin1')), sentAt, now);
        this.#close(command.token, now);
        return;
      case 'settle':
        if (reply === true) this.#history.confirm(putIn(command.put.bytes.toString('latin1')), sentAt, now);
        this.#closeKey(command.put.key, now);
        return;
      case 'acquire':
        if (!isGranted(reply)) this.#close(command.token, now);
        return;
      case 'release':
        this.#close(command.token, reply === true ? now + this.#pauseFor : now);
        return;
      default:
        return;
    }
  }

  /** Nobody knows whether it was carried out. */
  lost(command: Command): void {
    const now = performance.now();
    if (command.op === 'acquire' || command.op === 'begin') {
      this.#close(command.token, now + LATE + command.lease);
    } else if (command.op === 'fulfil' || command.op === 'release') this.#abandon(command.token, now);
    else if (command.op === 'settle') this.#closeKey(command.put.key, now + LATE);
  }

  /** Its leases end by themselves. */
  died(): void {
    for (const token of this.#holds.keys()) this.#abandon(token, performance.now());
  }

  #open({ key, token, lease }: { key: string; token: string; lease: number }, from: number): void {
    if (!isKey(key)) return;
    const hold = { key, from, until: Infinity, lease };
    this.#holds.set(token, hold);
    this.#history.holds.push(hold);
  }

  #abandon(token: string, now: number): void {
    this.#close(token, now + (this.#holds.get(token)?.lease ?? 0) + LATE + this.#pauseFor);
  }

  #close(token: string, until: number): void {
    const hold = this.#holds.get(token);
    if (hold === undefined) return;
    hold.until = until;
    this.#holds.delete(token);
  }

  #closeKey(key: string, until: number): void {
    for (const [token, hold] of this.#holds) if (hold.key === key) this.#close(token, until);
  }
}

function isGranted(reply: unknown): boolean {
  return typeof reply === 'object' && reply !== null && Reflect.get(reply, 'outcome') === 'granted';
}

function isKey(key: string): key is Key {
  return key === 'a' || key === 'b' || key === 'o' || key === 'p';
}

import type { Redis } from 'ioredis';
import type { RedisServer } from './redis-server.js';

/** A node on one side of a migration. */
export interface MigrationSide {
  readonly server: RedisServer;
  readonly id: string;
  readonly client: Redis;
}

const PAGE = 100;
const PATIENCE = 5_000;

/** The move of one slot to another master, step by step, so that a test can look at what is in between. */
export class SlotMigration {
  constructor(
    readonly slot: number,
    private readonly from: MigrationSide,
    private readonly to: MigrationSide,
    /** Clients of the other masters, which are told of the end. */
    private readonly bystanders: readonly Redis[],
  ) {}

  /** From now on the old master sends whoever asks for a key that it does not hold to the new one (ASK). */
  async begin(): Promise<void> {
    await this.to.client.cluster('SETSLOT', this.slot, 'IMPORTING', this.from.id);
    await this.from.client.cluster('SETSLOT', this.slot, 'MIGRATING', this.to.id);
  }

  /**
   * Moves some of the keys that the old master still holds.
   *
   * @returns how many; zero when none is left
   */
  async moveKeys(atMost: number = PAGE): Promise<number> {
    const { host, port, password } = this.to.server;
    const keys: unknown = await this.from.client.callBuffer('CLUSTER', 'GETKEYSINSLOT', this.slot, atMost);
    if (!Array.isArray(keys) || keys.length === 0) return 0;
    const secret = password === undefined ? [] : ['AUTH', password];
    await this.from.client.call('MIGRATE', [host, port, '', 0, PATIENCE, ...secret, 'KEYS', ...keys]);
    return keys.length;
  }

  /** Moves every key. */
  async moveAllKeys(): Promise<void> {
    while ((await this.moveKeys()) > 0);
  }

  /** The slot is the new master's; the old one must hold none of its keys any more. */
  async end(): Promise<void> {
    for (const client of [this.to.client, this.from.client, ...this.bystanders]) {
      await client.cluster('SETSLOT', this.slot, 'NODE', this.to.id);
    }
  }

  /** All of it. */
  async complete(): Promise<void> {
    await this.begin();
    await this.moveAllKeys();
    await this.end();
  }
}

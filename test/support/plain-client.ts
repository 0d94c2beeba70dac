import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import type { Redis } from 'ioredis';
import type { FaultStage } from './fault-stage.js';

/** How long a call of the plain client is waited for, in milliseconds. */
export const PLAIN_PATIENCE = 3_000;

/** What a client of ioredis without any options does under the same fault. */
export interface PlainObservation {
  /** One read, by a command that the cache does not use, and one write, which tells when it is carried out twice. */
  readonly calls: readonly PlainCall[];
  /** How often INCR was carried out in the end. */
  readonly increments?: number;
  /** The first call that worked again; its time counts from the end of the fault. */
  readonly recovery?: PlainCall;
}

export interface PlainCall {
  readonly command: string;
  /** In a few words: `answers`, or what it rejects with; none when it was still pending after {@link PLAIN_PATIENCE}. */
  readonly outcome?: string;
  readonly milliseconds: number;
}

const PLAIN_KEY = 'plain:key';
const PLAIN_VALUE = 'value';

/** Puts in place what the clients read. */
export async function fillForPlainClients({ admin }: FaultStage): Promise<void> {
  await admin.set(PLAIN_KEY, PLAIN_VALUE);
}

/** Two clients on a stage, one for each call, as a fault may befall the other call first. */
export class PlainClients {
  readonly #stage: FaultStage;
  readonly #reader: Redis;
  readonly #writer: Redis;
  readonly #counter = `plain:${randomUUID()}`;

  constructor(stage: FaultStage) {
    this.#stage = stage;
    this.#reader = stage.newPlainClient();
    this.#writer = stage.newPlainClient();
  }

  async connect(): Promise<void> {
    const clients = [this.#reader, this.#writer];
    await Promise.all(clients.map(async (client) => client.status === 'ready' || once(client, 'ready')));
  }

  callBoth(): Promise<readonly PlainCall[]> {
    return Promise.all([
      settled('MGET', this.#reader.mget(PLAIN_KEY), [PLAIN_VALUE]),
      settled('INCR', this.#writer.incr(this.#counter), 1),
    ]);
  }

  /** Looks when it works again, from now on, and what was carried out in the end. */
  async recover(): Promise<Pick<PlainObservation, 'increments' | 'recovery'>> {
    const recovery = await settled('PING', this.#writer.ping(), 'PONG');
    const increments = Number(await this.#stage.admin.get(this.#counter));
    return { increments, recovery };
  }

  disconnect(): void {
    this.#reader.disconnect();
    this.#writer.disconnect();
  }
}

async function settled(command: string, call: Promise<unknown>, expected: unknown): Promise<PlainCall> {
  const start = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), PLAIN_PATIENCE);
  });
  const outcome = await Promise.race([
    call.then(
      (answer) => (isDeepStrictEqual(answer, expected) ? 'answers' : 'gives a wrong answer'),
      (error: unknown) => `rejects with ${summaryOf(error)}`,
    ),
    patience,
  ]);
  clearTimeout(timer);
  return { command, outcome, milliseconds: performance.now() - start };
}

/** What cannot hold a secret: the name of the error, or the first word of an error reply. */
function summaryOf(error: unknown): string {
  if (!(error instanceof Object)) return 'something that is no error';
  const name: unknown = Reflect.get(error, 'name');
  const message = String(Reflect.get(error, 'message'));
  return name === 'ReplyError' ? (/^[A-Z]+/.exec(message)?.[0] ?? 'an error reply') : String(name);
}

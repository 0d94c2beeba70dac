import type { Redis } from 'ioredis';

/** One connection, as CLIENT LIST tells of it. */
export interface ServerClient {
  readonly id: number;
  readonly isListening: boolean;
}

/** The connections to a server. */
export async function clientsOf(admin: Redis): Promise<readonly ServerClient[]> {
  const list = String(await admin.client('LIST'));
  return list
    .trimEnd()
    .split('\n')
    .map((line) => ({
      id: Number(/^id=(\d+)/.exec(line)?.[1]),
      isListening: !line.includes(' sub=0 '),
    }));
}

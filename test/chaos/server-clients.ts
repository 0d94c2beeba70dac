import type { Redis } from 'ioredis';

/** A connection that a server has. */
export interface ServerClient {
  readonly id: string;
  /** Whether it is only there to be told of changes. */
  readonly isListening: boolean;
}

/** The connections of a server that neither other servers nor this process have made: those of the caches. */
export async function clientsOf(client: Redis): Promise<readonly ServerClient[]> {
  const own = String(await client.client('ID'));
  const list = String(await client.client('LIST'));
  return list
    .trim()
    .split('\n')
    .map(parseClient)
    .filter(
      ({ id, flags, name, command }) =>
        id !== own &&
        !/[SM]/.test(flags) &&
        !name.startsWith('sentinel-') &&
        // The master that a slot has left keeps this one for some seconds.
        command !== 'restore-asking',
    );
}

function parseClient(line: string): ServerClient & { flags: string; name: string; command: string } {
  const facts = new Map(
    line.split(' ').map((fact) => [fact.slice(0, fact.indexOf('=')), fact.slice(fact.indexOf('=') + 1)]),
  );
  const fact = (name: string): string => facts.get(name) ?? '';
  const isListening = fact('sub') !== '0';
  return { id: fact('id'), flags: fact('flags'), name: fact('name'), command: fact('cmd'), isListening };
}

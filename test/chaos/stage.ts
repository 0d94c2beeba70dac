import type { Redis } from 'ioredis';
import type { StageSetup } from './protocol.js';
import { clientsOf } from './server-clients.js';

/** A fault as the seed has chosen it. */
export interface DrawnFault {
  readonly stage: string;
  readonly name: string;
  /** How long it lasts, in milliseconds; a failover lasts as long as the servers need. */
  readonly hold: number;
  /** From 0 to 1: decides whatever else there is to decide. */
  readonly dice: number;
  /** How long everything is left in peace afterwards, in milliseconds. */
  readonly quiet: number;
}

/** How a fault came to its end. */
export interface FaultEnd {
  /** On the clock of all processes. */
  readonly endedAt: number;
  /** What is left to be put in order; the caches must work before that. */
  readonly restore?: () => Promise<void>;
}

/** What the plan needs to know of a fault. */
export interface FaultKind {
  readonly name: string;
  /** The least and the most that it lasts, in milliseconds. */
  readonly hold: readonly [number, number];
  /** What it takes beyond that until all is well, in milliseconds. */
  readonly budget: number;
  /** Whether the servers may lose what they have confirmed. */
  readonly loses?: true;
}

/** A fault of servers of some kind. */
export interface StageFault<Servers> extends FaultKind {
  strike(servers: Servers, drawn: DrawnFault): Promise<FaultEnd>;
}

/** A server of a stage, and the connections of its clients. */
export interface ClientCount {
  readonly server: string;
  readonly count: number;
  /** How many of them only listen. */
  readonly listening: number;
}

/** Servers that are reached in one way, and what can happen to them. */
export interface Stage {
  readonly setup: StageSetup;
  /** @returns whether the servers may lose what they have confirmed */
  loses(fault: DrawnFault): boolean;
  strike(fault: DrawnFault): Promise<FaultEnd>;
  /** The connections that neither other servers nor this process have made. */
  countClients(): Promise<ClientCount[]>;
  readonly stop: () => Promise<void>;
}

/** What a stage is made of. */
export interface StageParts<Servers> {
  readonly setup: StageSetup;
  readonly servers: Servers;
  readonly faults: readonly StageFault<Servers>[];
  /** A plain client of every server that runs, by the name of that. */
  readonly clients: () => ReadonlyMap<string, Redis>;
  readonly stop: () => Promise<void>;
}

export function makeStage<Servers>({ setup, servers, faults, clients, stop }: StageParts<Servers>): Stage {
  const find = (name: string): StageFault<Servers> => {
    const fault = faults.find((each) => each.name === name);
    if (fault === undefined) throw new Error(`${setup.name} knows no fault "${name}"`);
    return fault;
  };
  return {
    setup,
    loses: ({ name }) => find(name).loses === true,
    strike: (drawn) => find(drawn.name).strike(servers, drawn),
    countClients: () =>
      Promise.all(
        [...clients()].map(async ([server, client]) => {
          const all = await clientsOf(client);
          const listening = all.filter(({ isListening }) => isListening).length;
          return { server, count: all.length, listening };
        }),
      ),
    stop,
  };
}

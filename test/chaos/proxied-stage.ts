import { setTimeout as delay } from 'node:timers/promises';
import { type Fault, type FaultLimits, type FaultProxy, startFaultProxy } from '../support/fault-proxy.js';
import { RedisServers } from '../support/redis-servers.js';
import type { Redis } from 'ioredis';
import { now } from '../support/clock.js';
import { DEADLINE } from './protocol.js';
import { clientsOf } from './server-clients.js';
import { makeStage, type Stage, type StageFault } from './stage.js';

/** A server, the proxy in front of it, and a plain client behind that. */
interface ProxiedServer {
  readonly proxy: FaultProxy;
  readonly client: Redis;
}

type ProxiedFault = StageFault<ProxiedServer>;

const NOISE = '\u0000\u0001\u00fe\r\n';
const STRAY = '$5\r\nstray\r\n';

/** A fault that lasts a while and is healed. */
function lasting(name: string, fault: Fault, limits?: FaultLimits): ProxiedFault {
  return {
    name,
    hold: [50, 1_200],
    budget: 300,
    async strike({ proxy }, { hold }) {
      await proxy.inject(fault, limits);
      await delay(hold);
      const endedAt = now();
      await proxy.heal();
      return { endedAt };
    },
  };
}

/** The proxy keeps these connections to the server, as nobody tells it of their end. */
const FOR_EVER: ProxiedFault = {
  name: 'black hole for all, for ever',
  hold: [50, 1_200],
  budget: 300,
  async strike({ proxy, client }, { hold }) {
    await proxy.inject({ kind: 'black-hole', connections: 'all', healed: 'dead' });
    await delay(hold);
    const dead = await clientsOf(client);
    const endedAt = now();
    await proxy.heal();
    const restore = async (): Promise<void> => {
      await Promise.all(dead.map(({ id }) => client.call('CLIENT', 'KILL', 'ID', id)));
    };
    return { endedAt, restore };
  },
};

export const PROXIED_FAULTS: readonly ProxiedFault[] = [
  lasting('refuses connections', { kind: 'refuse' }),
  lasting('resets connections', { kind: 'reset' }),
  lasting('cuts in the middle of a reply', { kind: 'cut-mid-reply' }),
  lasting('cuts in the middle of one reply', { kind: 'cut-mid-reply' }, { times: 1 }),
  lasting('drops replies and cuts', { kind: 'drop-reply', afterwards: 'cut' }),
  lasting(
    'drops the reply to a write and cuts',
    { kind: 'drop-reply', afterwards: 'cut' },
    { commands: ['set'], times: 3 },
  ),
  lasting('drops replies, then silence', { kind: 'drop-reply', afterwards: 'silence' }),
  lasting('drops one reply, then silence', { kind: 'drop-reply', afterwards: 'silence' }, { times: 1 }),
  lasting('delays replies a little', { kind: 'delay-reply', milliseconds: DEADLINE / 5 }),
  lasting('delays replies past the deadline', { kind: 'delay-reply', milliseconds: DEADLINE * 2 }),
  lasting('noise in place of replies', { kind: 'replace-reply', bytes: NOISE, afterwards: 'pass' }),
  lasting('HTTP in place of replies', {
    kind: 'replace-reply',
    bytes: 'HTTP/1.1 400 Bad Request\r\n\r\n',
    afterwards: 'pass',
  }),
  lasting('truncated replies', { kind: 'replace-reply', bytes: '$100\r\nabc', afterwards: 'silence' }),
  lasting('promises of 2 GB', { kind: 'replace-reply', bytes: '$2000000000\r\n', afterwards: 'pass' }),
  lasting(
    'integers in place of values',
    { kind: 'replace-reply', bytes: ':42\r\n', afterwards: 'pass' },
    { commands: ['get'] },
  ),
  lasting('noise in replies', { kind: 'noise-in-reply', bytes: NOISE }),
  lasting('noise at the end of replies', { kind: 'noise-in-reply', bytes: NOISE, at: -2 }),
  lasting('stray replies', { kind: 'extra-reply', bytes: STRAY }),
  lasting('one stray reply', { kind: 'extra-reply', bytes: STRAY }, { times: 1 }),
  lasting('a stray reply out of the blue', { kind: 'unsolicited', bytes: STRAY }),
  lasting('a stray miss out of the blue', { kind: 'unsolicited', bytes: '$-1\r\n' }),
  lasting('OOM', { kind: 'error-reply', error: 'OOM command not allowed' }),
  lasting(
    'READONLY',
    { kind: 'error-reply', error: "READONLY You can't write against a read only replica." },
    { commands: ['set', 'eval', 'unlink'] },
  ),
  lasting('LOADING', { kind: 'error-reply', error: 'LOADING Redis is loading the dataset in memory' }),
  lasting('BUSY', { kind: 'error-reply', error: 'BUSY Redis is busy running a script' }),
  lasting(
    'MISCONF',
    { kind: 'error-reply', error: 'MISCONF Redis is configured to save RDB snapshots' },
    { commands: ['set', 'eval', 'unlink'] },
  ),
  lasting('NOPERM', { kind: 'error-reply', error: 'NOPERM this user has no permissions' }),
  lasting('black hole for all connections', { kind: 'black-hole', connections: 'all' }),
  lasting('black hole for new connections', { kind: 'black-hole', connections: 'new' }),
  FOR_EVER,
  lasting('black hole for new ones, for ever', { kind: 'black-hole', connections: 'new', healed: 'dead' }),
  lasting('half-open connections', { kind: 'half-open' }),
];

/** One server behind a proxy that gets between. */
export async function startProxiedStage(): Promise<Stage> {
  const servers = new RedisServers();
  const [server] = await servers.start([{}]);
  if (server === undefined) throw new Error('No server was started');
  const proxy = await startFaultProxy(server);
  const client = servers.client(server);
  return makeStage({
    setup: { name: 'proxied', address: { host: proxy.host, port: proxy.port }, mayGoBack: false, masters: 1 },
    servers: { proxy, client },
    faults: PROXIED_FAULTS,
    clients: () => new Map([['the server', client]]),
    async stop() {
      await proxy.close();
      await servers.stop();
    },
  });
}

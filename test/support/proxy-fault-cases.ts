import { setTimeout as delay } from 'node:timers/promises';
import type { Fault } from './fault.js';
import type { FaultCase } from './fault-cases.js';
import type { FaultStage } from './fault-stage.js';
import { all, LOST, SILENCE, split, UNREACHABLE, type Verdicts, WORKS } from './verdicts.js';

/** A reply to a command that nobody gave. */
const STRAY = '$5\r\nstray\r\n';
const NOISE = '\u0000\u0001\u00fe\r\n';
const HTTP = 'HTTP/1.1 400 Bad Request\r\n\r\n';

type Details = Pick<FaultCase, 'first'> & Partial<FaultCase>;

/** A fault of the way to the server, which a proxy makes. */
function onTheWay(id: string, name: string, fault: Fault, details: Details): FaultCase {
  return {
    id,
    name,
    stage: { reach: 'proxy' },
    meets: 'connected',
    strike: ({ proxy }) => proxy.inject(fault),
    heal: ({ proxy }) => proxy.heal(),
    ...details,
  };
}

/** Operations are held on the way, and then their connections meet the fault: so none of them was answered. */
function inFlight(fault: Fault): Pick<FaultCase, 'strike' | 'strikeInFlight'> {
  return {
    strike: ({ proxy }) => proxy.inject({ kind: 'black-hole', connections: 'all' }),
    strikeInFlight: ({ proxy }) => proxy.inject(fault),
  };
}

async function unsolicited({ proxy }: FaultStage): Promise<void> {
  await proxy.inject({ kind: 'unsolicited', bytes: STRAY });
  // It has to arrive before the operations leave: behind them it would pass for the answer to one.
  await delay(50);
}

/** Every fault that lies between the cache and a sound server. T is the deadline of an operation. */
export function proxyFaultCases(T: number): readonly FaultCase[] {
  const lost = { first: LOST, later: all('REDIS_CONNECTION_LOST') };
  const silent = { first: SILENCE, later: UNREACHABLE };
  const protocol: Verdicts = split('REDIS_PROTOCOL', 'REDIS_OUTCOME_UNKNOWN_LOST');
  const noise = { first: protocol, later: all('REDIS_PROTOCOL') };
  // The value is whole by then, and so is what the first step of others has found; but their connection does not live
  // to carry more.
  const noiseAtTheEnd: Verdicts = {
    byEffect: { ...protocol.byEffect, reads: 'works' },
    byName: {
      clear: 'REDIS_PROTOCOL',
      'get with tags': 'REDIS_PROTOCOL',
      explain: 'REDIS_PROTOCOL',
      getMany: 'works',
      writeThrough: 'CACHE_WRITE_OUTDATED',
    },
  };
  const strayAfterEach: Verdicts = {
    ...WORKS,
    byName: {
      clear: 'REDIS_PROTOCOL',
      'get with tags': 'REDIS_PROTOCOL',
      explain: 'REDIS_PROTOCOL',
      'set with tags': 'REDIS_PROTOCOL',
      evictTags: 'REDIS_OUTCOME_UNKNOWN_LOST',
      setMany: 'works or REDIS_OUTCOME_UNKNOWN_LOST',
      getOrSet: 'REDIS_PROTOCOL',
      getOrSetMany: 'REDIS_PROTOCOL',
      writeThrough: 'CACHE_WRITE_OUTDATED',
    },
  };
  return [
    onTheWay(
      'A20',
      'nobody listens when the first operation connects',
      { kind: 'refuse' },
      { meets: 'connecting', first: UNREACHABLE, later: UNREACHABLE },
    ),
    onTheWay('A13', 'the connection ends, and nobody listens any more', PASSES, {
      ...inFlight({ kind: 'refuse' }),
      first: LOST,
      later: UNREACHABLE,
    }),
    onTheWay('A13', 'the connection is reset, and so is every new one', PASSES, {
      ...inFlight({ kind: 'reset' }),
      ...lost,
    }),
    onTheWay('A13', 'the connection ends in the middle of a reply', { kind: 'cut-mid-reply' }, lost),
    onTheWay(
      'A15',
      'the connection ends after the command was carried out, before its reply',
      { kind: 'drop-reply', afterwards: 'cut' },
      lost,
    ),
    onTheWay(
      'A15',
      'the command is carried out, and its reply never comes',
      { kind: 'drop-reply', afterwards: 'silence' },
      silent,
    ),
    onTheWay(
      'A20',
      'a new connection is accepted and never answered',
      { kind: 'black-hole', connections: 'new' },
      { meets: 'connecting', first: UNREACHABLE, later: UNREACHABLE },
    ),
    onTheWay('A16', 'packets vanish in both directions', { kind: 'black-hole', connections: 'all' }, silent),
    onTheWay(
      'A16',
      'the server vanishes without a word, and a new connection would stand',
      { kind: 'half-open' },
      { first: SILENCE },
    ),
    onTheWay(
      'A16',
      'every reply comes late, within the deadline',
      { kind: 'delay-reply', milliseconds: T / 4 },
      { first: WORKS },
    ),
    onTheWay(
      'A16',
      'every reply comes late, after the deadline',
      { kind: 'delay-reply', milliseconds: T * 2 },
      silent,
    ),
    onTheWay('A22', 'a reply that nobody asked for comes while all is quiet', PASSES, {
      strike: unsolicited,
      first: WORKS,
    }),
    onTheWay(
      'A22',
      'after every reply comes one that nobody asked for',
      { kind: 'extra-reply', bytes: STRAY },
      { first: strayAfterEach, later: all('REDIS_PROTOCOL') },
    ),
    onTheWay(
      'A21',
      'noise comes in the place of a reply',
      { kind: 'replace-reply', bytes: NOISE, afterwards: 'pass' },
      noise,
    ),
    onTheWay(
      'A21',
      'HTTP comes in the place of a reply',
      { kind: 'replace-reply', bytes: HTTP, afterwards: 'pass' },
      noise,
    ),
    onTheWay(
      'A21',
      'noise comes before the end of a reply',
      { kind: 'noise-in-reply', bytes: NOISE, at: -2 },
      { first: noiseAtTheEnd, later: all('REDIS_PROTOCOL') },
    ),
    onTheWay(
      'A21',
      'a reply promises more than comes',
      { kind: 'replace-reply', bytes: '$100\r\nabc', afterwards: 'silence' },
      silent,
    ),
    onTheWay(
      'A21',
      'a reply promises 2 GB',
      { kind: 'replace-reply', bytes: '$2000000000\r\n', afterwards: 'pass' },
      silent,
    ),
    onTheWay(
      'A21',
      'a reply promises more items than there can be',
      { kind: 'replace-reply', bytes: '*99999999999\r\n', afterwards: 'pass' },
      noise,
    ),
    onTheWay(
      'A23',
      'a reply is of another kind than the command can have',
      { kind: 'replace-reply', bytes: '*2\r\n:1\r\n:2\r\n', afterwards: 'pass' },
      { first: protocol },
    ),
  ];
}

const PASSES: Fault = { kind: 'pass' };

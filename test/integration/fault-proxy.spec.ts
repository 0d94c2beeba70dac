import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Fault, FaultLimits } from '../support/fault.js';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.js';
import { useRedisServer } from '../support/redis-fixture.js';
import { commandName, RespSplitter } from '../support/resp-frames.js';

/** Long enough for anything on this machine to arrive that arrives at all. */
const QUIET = 100;

const redis = useRedisServer();
const wires: Wire[] = [];
let proxy: FaultProxy;

beforeAll(async () => {
  proxy = await startFaultProxy(redis.address);
});

afterEach(async () => {
  for (const wire of wires.splice(0)) wire.socket.destroy();
  await proxy.heal();
  proxy.resetCounts();
});

afterAll(async () => {
  await proxy.close();
});

/** A socket to the proxy, and everything that came over it. */
class Wire {
  text = '';
  /** How it ended: by FIN, by RST, or not at all. */
  end: 'open' | 'FIN' | 'RST' = 'open';

  constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => (this.text += chunk.toString('latin1')));
    socket.on('end', () => (this.end = 'FIN'));
    socket.on('error', () => (this.end = 'RST'));
  }

  send(...commands: readonly string[][]): void {
    this.socket.write(commands.map(encode).join(''));
  }

  /** What has come once nothing more does. */
  async heard(): Promise<string> {
    let before: string | undefined;
    while (before !== this.text) {
      before = this.text;
      await delay(QUIET);
    }
    return this.text;
  }
}

function encode(command: readonly string[]): string {
  return `*${command.length}\r\n${command.map((part) => `$${part.length}\r\n${part}\r\n`).join('')}`;
}

function beginToDial(): Wire {
  const wire = new Wire(connect(proxy.port, proxy.host));
  wires.push(wire);
  return wire;
}

async function dial(): Promise<Wire> {
  const wire = beginToDial();
  await once(wire.socket, 'connect');
  return wire;
}

/** A wire that has carried a command, and then met a fault. */
async function dialThen(fault: Fault, limits?: FaultLimits): Promise<Wire> {
  const wire = await dial();
  wire.send(['SET', 'key', 'value']);
  expect(await wire.heard()).toBe('+OK\r\n');
  wire.text = '';
  await proxy.inject(fault, limits);
  return wire;
}

describe('The framing', () => {
  it.each([
    ['simple replies', ['+OK\r\n', '-ERR no\r\n', ':42\r\n', '_\r\n', '#t\r\n', ',1.5\r\n']],
    ['bulks', ['$3\r\na\r\n\r\n', '$0\r\n\r\n', '$-1\r\n', '$5\r\nstray\r\n', '=5\r\ntxt:a\r\n']],
    ['aggregates', ['*2\r\n$1\r\n0\r\n*1\r\n$1\r\na\r\n', '*0\r\n', '*-1\r\n', '%1\r\n+a\r\n:1\r\n']],
    ['inline commands', ['PING\r\n', 'GET key\r\n']],
  ])('cuts %s where they end, however they arrive', (_name, frames) => {
    const stream = Buffer.from(frames.join(''), 'latin1');
    for (let size = 1; size <= stream.length; size++) {
      const splitter = new RespSplitter();
      const cut: string[] = [];
      for (let start = 0; start < stream.length; start += size) {
        const chunk = stream.subarray(start, start + size);
        cut.push(...splitter.push(chunk).map((frame) => frame.toString('latin1')));
      }
      expect(cut).toEqual(frames);
    }
  });

  it('knows commands by their names', () => {
    expect(commandName(Buffer.from(encode(['EVAL', 'return 1', '0'])))).toBe('eval');
    expect(commandName(Buffer.from('PING\r\n'))).toBe('ping');
  });
});

/** A script on one key, as the cache sends it. */
function evalOf(script: string, key: string, mark: string): string[] {
  return ['EVAL', script, '1', key, mark];
}

describe('A fault proxy', () => {
  it('passes everything, in order, and counts the commands by name', async () => {
    const wire = await dial();
    wire.send(['SET', 'key', 'a\r\nb'], ['GET', 'key'], ['GET', 'absent'], ['PING']);
    expect(await wire.heard()).toBe('+OK\r\n$4\r\na\r\nb\r\n$-1\r\n+PONG\r\n');
    expect(proxy.counts).toEqual({ set: 1, get: 2, ping: 1 });
    expect(proxy.repeated).toEqual([]);
  });

  it('knows what is sent again, by the keys and what is done with them', async () => {
    const wire = await dial();
    wire.send(['SET', 'key', 'a'], evalOf('return 1', 'key', '1'), evalOf('return 2', 'key', '2'), ['PING']);
    wire.send(['GET', 'key'], ['UNLINK', 'a', 'b'], ['UNLINK', 'a'], evalOf('return 1', 'other', '3'), [
      'PING',
    ]);
    await wire.heard();
    expect(proxy.repeated).toEqual([]);
    wire.send(['SET', 'key', 'b'], evalOf('return 1', 'key', '4'), ['UNLINK', 'a', 'b'], ['GET', 'other']);
    await wire.heard();
    expect(proxy.repeated).toEqual(['SET key', 'EVAL return 1 1 key', 'UNLINK a b']);
  });

  it('cuts in the middle of a reply', async () => {
    const wire = await dialThen({ kind: 'cut-mid-reply' });
    wire.send(['GET', 'key']);
    expect([await wire.heard(), wire.end]).toEqual(['$5\r\nva', 'FIN']);
  });

  it('drops the reply to a command that was carried out, and is silent ever after', async () => {
    const wire = await dialThen({ kind: 'drop-reply', afterwards: 'silence' });
    wire.send(['INCR', 'silent']);
    expect([await wire.heard(), wire.end]).toEqual(['', 'open']);
    await proxy.heal();
    wire.send(['PING']);
    expect([await wire.heard(), wire.end]).toEqual(['', 'open']);
    expect(await redis.raw.get('silent')).toBe('1');
    expect(proxy.carried('incr')).toBe(1);
  });

  it('drops the reply to a command that was carried out, and cuts', async () => {
    const wire = await dialThen({ kind: 'drop-reply', afterwards: 'cut' });
    wire.send(['INCR', 'cut']);
    expect([await wire.heard(), wire.end]).toEqual(['', 'FIN']);
    expect(await redis.raw.get('cut')).toBe('1');
  });

  it('limits a fault to some commands, and to some times', async () => {
    const reply: Fault = { kind: 'replace-reply', bytes: '+NO\r\n', afterwards: 'pass' };
    const wire = await dialThen(reply, { commands: ['get'], times: 1 });
    wire.send(['PING'], ['GET', 'key'], ['GET', 'key']);
    expect(await wire.heard()).toBe('+PONG\r\n+NO\r\n$5\r\nvalue\r\n');
  });

  it('delays each reply, and keeps their order when that ends', async () => {
    const wire = await dialThen({ kind: 'delay-reply', milliseconds: 1_000 });
    wire.send(['PING', 'late']);
    await delay(QUIET);
    await proxy.heal();
    wire.send(['PING', 'prompt']);
    expect(await wire.heard()).toBe('');
    await delay(1_000);
    expect(await wire.heard()).toBe('$4\r\nlate\r\n$6\r\nprompt\r\n');
  });

  it('carries nothing in a black hole, and what it held back when that is healed', async () => {
    const wire = await dialThen({ kind: 'black-hole', connections: 'all' });
    const late = await dial();
    for (const one of [wire, late]) one.send(['PING']);
    expect([await wire.heard(), await late.heard()]).toEqual(['', '']);
    expect(proxy.carried('ping')).toBe(0);
    await proxy.heal();
    expect([await wire.heard(), await late.heard()]).toEqual(['+PONG\r\n', '+PONG\r\n']);
  });

  it('keeps in a black hole what was held back when that is to stay dead, and carries for whoever comes next', async () => {
    const wire = await dialThen({ kind: 'black-hole', connections: 'all', healed: 'dead' });
    const late = await dial();
    await proxy.heal();
    const next = await dial();
    for (const one of [wire, late, next]) one.send(['PING']);
    expect(await Promise.all([wire, late, next].map((one) => one.heard()))).toEqual(['', '', '+PONG\r\n']);
  });

  it('swallows new connections alone when told so', async () => {
    const wire = await dialThen({ kind: 'black-hole', connections: 'new' });
    const late = await dial();
    for (const one of [wire, late]) one.send(['PING']);
    expect([await wire.heard(), await late.heard()]).toEqual(['+PONG\r\n', '']);
  });

  it('says what nobody asked for, while all is quiet or after every reply', async () => {
    const wire = await dialThen({ kind: 'unsolicited', bytes: '$5\r\nstray\r\n' });
    expect(await wire.heard()).toBe('$5\r\nstray\r\n');
    wire.text = '';
    await proxy.inject({ kind: 'extra-reply', bytes: '+stray\r\n' });
    wire.send(['PING'], ['GET', 'key']);
    expect(await wire.heard()).toBe('+PONG\r\n+stray\r\n$5\r\nvalue\r\n+stray\r\n');
  });

  it('says other bytes in the place of a reply, and then nothing, where that is asked for', async () => {
    const wire = await dialThen({ kind: 'replace-reply', bytes: '$100\r\nabc', afterwards: 'silence' });
    wire.send(['GET', 'key'], ['PING']);
    expect([await wire.heard(), wire.end]).toEqual(['$100\r\nabc', 'open']);
  });

  it('makes noise in the middle of a reply', async () => {
    const wire = await dialThen({ kind: 'noise-in-reply', bytes: '\u0000\u00ff' });
    wire.send(['GET', 'key']);
    expect(await wire.heard()).toBe('$5\r\nva\u0000\u00fflue\r\n');
    wire.text = '';
    await proxy.inject({ kind: 'noise-in-reply', bytes: '?', at: -2 });
    wire.send(['PING']);
    expect(await wire.heard()).toBe('+PONG?\r\n');
  });

  it('lets the server vanish from a connection without telling the client', async () => {
    const wire = await dialThen({ kind: 'half-open' });
    wire.send(['SET', 'key', 'lost']);
    expect([await wire.heard(), wire.end]).toEqual(['', 'open']);
    expect(await redis.raw.get('key')).toBe('value');
    const next = await dial();
    next.send(['PING']);
    expect(await next.heard()).toBe('+PONG\r\n');
  });

  it('resets connections, new ones too', async () => {
    const wire = await dialThen({ kind: 'reset' });
    const late = beginToDial();
    for (const one of [wire, late]) await one.heard();
    expect([wire.end, late.end]).toEqual(['RST', 'RST']);
  });

  it('refuses connections until it is healed', async () => {
    const wire = await dialThen({ kind: 'refuse' });
    await wire.heard();
    expect(wire.end).toBe('FIN');
    await expect(dial()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await proxy.heal();
    const next = await dial();
    next.send(['PING']);
    expect(await next.heard()).toBe('+PONG\r\n');
  });

  it('answers with an error in the place of the server, in its turn', async () => {
    const wire = await dialThen(
      { kind: 'error-reply', error: 'OOM command not allowed' },
      { commands: ['set'] },
    );
    wire.send(['GET', 'key'], ['SET', 'key', 'refused'], ['GET', 'key']);
    const value = '$5\r\nvalue\r\n';
    expect(await wire.heard()).toBe(`${value}-OOM command not allowed\r\n${value}`);
  });

  it('ends the connection of the client when the server does, and the other way round', async () => {
    const wire = await dialThen({ kind: 'pass' });
    const name = 'proxied';
    wire.send(['CLIENT', 'SETNAME', name]);
    await wire.heard();
    expect(await redis.raw.client('LIST')).toContain(`name=${name}`);
    wire.socket.end();
    await wire.heard();
    expect(await redis.raw.client('LIST')).not.toContain(`name=${name}`);
    const other = await dialThen({ kind: 'pass' });
    await redis.raw.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await other.heard();
    expect(other.end).toBe('FIN');
  });
});

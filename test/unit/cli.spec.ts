import { describe, expect, it } from '@jest/globals';
import { readInvocation } from '../../lib/cli/invocation.js';
import { type Stats, statsTable } from '../../lib/cli/stats-table.js';
import { durationText, printable, sizeText, tableOf } from '../../lib/cli/text.js';
import { USAGE, UsageError } from '../../lib/cli/usage.js';
import { callCli } from '../support/cli-call.js';

describe('The text of the command line tool', () => {
  it.each([
    [0, '0ms'],
    [0.4, '0ms'],
    [999.9, '999ms'],
    [1_000, '1s'],
    [12_340, '12.3s'],
    [59_999, '59.9s'],
    [60_000, '1m'],
    [252_000, '4m 12s'],
    [3_600_000, '1h'],
    [3_605_000, '1h'],
    [7_380_000, '2h 3m'],
    [90_000_000, '1d 1h'],
  ])('writes %d ms as %s', (milliseconds, text) => {
    expect(durationText(milliseconds)).toBe(text);
  });

  it.each([
    [0, '0 bytes'],
    [1, '1 byte'],
    [1_023, '1023 bytes'],
    [1_024, '1.0 KiB'],
    [1_536, '1.5 KiB'],
    [1_048_575, '1.0 MiB'],
    [3 * 1_024 ** 3, '3.0 GiB'],
    [5_000 * 1_024 ** 4, '5000.0 TiB'],
  ])('writes %d bytes as %s', (bytes, text) => {
    expect(sizeText(bytes)).toBe(text);
  });

  it('keeps what keys and tags hold from moving the cursor', () => {
    expect(printable('naïve ключ 🗝\n')).toBe('naïve ключ 🗝\n');
    expect(printable('\u001B[2Jx\u009B\r\u202E')).toBe(String.raw`\u{1b}[2Jx\u{9b}\u{d}\u{202e}`);
    expect(tableOf([['key', '\t']])).toBe('key  \\u{9}\n');
  });
});

describe('The table of spakky-cache stats', () => {
  const counted = { entries: 0, withoutEnd: 0, stale: 0, leases: 0, tags: 0, unreadable: 0, moving: 0 };
  const stats: Stats = {
    location: { address: 'a:1,b:2', db: 0, prefix: 'shop:', ssl: true },
    servers: [
      { address: 'a:1', latency: 1.234, software: 'Redis 7.2.4', usedMemory: 2_048, maxMemory: 1_048_576 },
      { address: 'b:2', latency: 0.5 },
    ],
    keys: { ...counted, moving: 3 },
    findings: ['one', 'two'],
  };

  it('has a row for what is known, and none for what is not', () => {
    expect(statsTable(stats)).toBe(
      [
        'address     a:1,b:2',
        'database    0',
        'prefix      shop:',
        'TLS         yes',
        'server      a:1, Redis 7.2.4',
        '  ping      1.23ms',
        '  memory    2.0 KiB, limit 1.0 MiB',
        'server      b:2',
        '  ping      0.50ms',
        'entries     0',
        'stale       0',
        'leases      0',
        'tags        0',
        'unreadable  0',
        'moving      3',
        'finding     one',
        'finding     two',
        '',
      ].join('\n'),
    );
  });
});

describe('The arguments of the command line tool', () => {
  it('name a command, what it concerns, and which cache is meant', () => {
    expect(readInvocation(['explain', '--name', 'prices', 'key'])).toMatchObject({
      task: { command: 'explain', key: 'key' },
      settings: { name: 'prices' },
    });
    expect(readInvocation(['evict', 'a', '--prefix=p:', '--env-file', 'x', '--', '-b'])).toMatchObject({
      task: { command: 'evict', tags: ['a', '-b'] },
      settings: { prefix: 'p:', envFile: 'x' },
    });
    expect(readInvocation(['clear', '--yes'])).toMatchObject({ task: { consent: 'given' } });
    expect(readInvocation(['clear'])).toMatchObject({ task: { consent: 'to be asked for' } });
  });

  it.each([
    [[]],
    [['hunter2']],
    [['hunter2://hunter2']],
    [['explain']],
    [['explain', 'hunter2', 'hunter2']],
    [['evict']],
    [['stats', 'hunter2']],
    [['clear', 'hunter2']],
    [['stats', '--password=hunter2']],
    [['stats', '-ahunter2']],
    [['stats', '--prefix']],
    [['clear', '--yes=hunter2']],
  ])('are refused when they make no sense, and not repeated: %j', async (argv) => {
    expect(() => readInvocation(argv)).toThrow(UsageError);
    const { code, stdout, stderr } = await callCli(argv);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^USAGE: .+\n/);
    expect(stderr).toContain(USAGE);
    expect(stderr).not.toContain('hunter2');
  });

  it('are refused in JSON where that was asked for', async () => {
    const { code, stdout, stderr } = await callCli(['explain', '--json']);
    expect([code, stdout]).toEqual([2, '']);
    expect(JSON.parse(stderr)).toEqual({ code: 'USAGE', message: 'explain takes one key' });
    expect((await callCli(['explain', 'a', '--', '--json'])).stderr).toMatch(/^USAGE/);
  });

  it('ask for help and for the version, whatever else they say', async () => {
    expect(await callCli(['--help'])).toEqual({ code: 0, stdout: `${USAGE}\n`, stderr: '' });
    expect(await callCli(['explain', '--help'])).toEqual({ code: 0, stdout: `${USAGE}\n`, stderr: '' });
    expect(await callCli(['--version'])).toEqual({ code: 0, stdout: '1.2.3\n', stderr: '' });
    expect(await callCli(['--version', '--json'])).toMatchObject({ stdout: '{"version":"1.2.3"}\n' });
  });

  it('are explained in lines that fit a terminal', () => {
    const longest = Math.max(...USAGE.split('\n').map((line) => line.length));
    expect(longest).toBeLessThanOrEqual(90);
  });
});

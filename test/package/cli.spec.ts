import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { USAGE } from '../../lib/cli/usage.js';
import { readManifest } from '../support/manifest.js';
import { type RedisServer, startRedisServer } from '../support/redis-server.js';
import { MarkdownDocument } from './documents.js';

jest.setTimeout(60_000);

interface Ended {
  readonly code: unknown;
  readonly signal: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

describe('The built command line tool', () => {
  let server: RedisServer;
  let folder: string;

  beforeAll(async () => {
    server = await startRedisServer();
    folder = await mkdtemp(join(tmpdir(), 'spakky-cli-'));
    const variables = `SPAKKY_REDIS__HOST=${server.host}\nSPAKKY_REDIS__PORT=${server.port}\n`;
    await writeFile(join(folder, '.env'), `${variables}SPAKKY_REDIS__SOCKET_TIMEOUT=700ms\n`);
  });

  afterAll(async () => {
    await server?.stop();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  function start(argv: readonly string[], input: 'ignore' | 'pipe' = 'ignore') {
    return spawn(resolve('dist/esm/cli/bin.js'), argv, {
      cwd: folder,
      env: { PATH: process.env['PATH'] },
      stdio: [input, 'pipe', 'pipe'],
      timeout: 20_000,
      killSignal: 'SIGKILL',
    });
  }

  async function finish(child: ReturnType<typeof start>): Promise<Ended> {
    const ending = once(child, 'exit');
    const [stdout, stderr] = await Promise.all([read(child.stdout), read(child.stderr)]);
    const [code, signal]: unknown[] = await ending;
    return { code, signal, stdout, stderr };
  }

  it('tells its usage, and the version of the package', async () => {
    expect(await finish(start(['--help']))).toEqual(success(`${USAGE}\n`));
    expect(await finish(start(['--version']))).toEqual(success(`${readManifest().version}\n`));
  });

  it('reaches the server that .env tells of, and ends by itself', async () => {
    const { code, stdout, stderr } = await finish(start(['explain', 'nothing']));
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('absent');
    expect(await finish(start(['stats', '--json']))).toMatchObject({ code: 0, stderr: '' });
    expect(await finish(start(['evict', 'tag']))).toMatchObject({ code: 0, stderr: '' });
    expect(await finish(start(['clear', '--yes']))).toMatchObject({ code: 0, stderr: '' });
  });

  it('refuses to clear when it is not called from a terminal, whatever it is told', async () => {
    const child = start(['clear'], 'pipe');
    child.stdin?.end('y\n');
    expect(await finish(child)).toMatchObject({ code: 2, stdout: '' });
  });

  it('ends by itself when the server is frozen, with a code', async () => {
    await server.freeze();
    const begin = performance.now();
    const runs = [['explain', 'key'], ['stats'], ['evict', 'tag'], ['clear', '--yes']].map((argv) =>
      start(argv),
    );
    const ends = await Promise.all(runs.map(finish));
    const milliseconds = performance.now() - begin;
    await server.resume();
    for (const { code, stdout, stderr } of ends) {
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(/^REDIS_\w+: .+\n$/);
    }
    // Four processes start at the same time, and the machine may be busy.
    expect(milliseconds).toBeLessThan(8_000);
  });

  it('ends without a word when it is interrupted', async () => {
    await server.freeze();
    const child = start(['stats']);
    const finished = finish(child);
    await delay(400);
    child.kill('SIGINT');
    const ended = await finished;
    await server.resume();
    expect(ended).toEqual({ code: null, signal: 'SIGINT', stdout: '', stderr: '' });
  });

  it('ends without a word when nobody reads what it tells', async () => {
    const child = start(['stats']);
    child.stdout?.destroy();
    const ending = once(child, 'exit');
    expect(await read(child.stderr)).toBe('');
    expect(await ending).toEqual([0, null]);
  });
});

describe('docs/cli.md', () => {
  const page = new MarkdownDocument('docs/cli.md');

  it('shows what --help prints', () => {
    expect(page.blocks.filter(({ text: shown }) => shown.startsWith('Usage: '))).toEqual([
      expect.objectContaining({ text: USAGE }),
    ]);
  });
});

async function read(stream: Readable | null): Promise<string> {
  return stream === null ? '' : text(stream);
}

function success(stdout: string): Ended {
  return { code: 0, signal: null, stdout, stderr: '' };
}

import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { installFromDebian } from './redis-server-debian.js';
import { assertContainersWork } from './redis-server-container.js';

/** Where the servers of this run come from. */
export type RedisSource = {
  /** One line for a person: what runs, and which version. */
  readonly description: string;
} & (
  | { readonly kind: 'container'; readonly image: string }
  | {
      readonly kind: 'process';
      readonly command: string;
      /** The folder of shared libraries of an unpacked server; absent when the system holds them. */
      readonly libraries?: string;
    }
);

const run = promisify(execFile);
const names = ['redis-server', 'valkey-server'];
/** Hands the choice of one process on to its children: the workers of a test run. */
const handedOn = 'SPAKKY_TEST_REDIS_SOURCE';
let decision: Promise<RedisSource> | undefined;

/** Decides once for the whole run, says so once, and lets child processes inherit the choice. */
export function getRedisSource(): Promise<RedisSource> {
  decision ??= readChoice() ?? announce(findRedis());
  return decision;
}

function readChoice(): Promise<RedisSource> | undefined {
  const choice = process.env[handedOn];
  return choice ? Promise.resolve(JSON.parse(choice)) : undefined;
}

async function announce(search: Promise<RedisSource>): Promise<RedisSource> {
  const source = await search;
  // Standard error: standard output may be a report that a program reads.
  process.stderr.write(`Redis of this run: ${source.description}\n`);
  process.env[handedOn] = JSON.stringify(source);
  return source;
}

async function findRedis(): Promise<RedisSource> {
  const wantedImage = process.env['SPAKKY_TEST_REDIS_IMAGE'];
  const tried: string[] = [];
  const image = wantedImage || 'redis:8-alpine';
  const container = await assertContainersWork(image).then(() => true, noteIn(tried));
  if (container) return { kind: 'container', image, description: `${image} in a container` };
  // Whoever names an image wants that server: another one would answer a different question.
  if (wantedImage) throw new Error(`SPAKKY_TEST_REDIS_IMAGE=${wantedImage} cannot run: ${tried.join('; ')}`);

  const command = findOnPath();
  if (command) return describeCommand(command);
  tried.push(`neither ${names.join(' nor ')} is on the PATH`);

  const installed = await installFromDebian(() => findOnPath()).catch(noteIn(tried));
  if (installed) return describeCommand(installed.command, installed.libraries);
  throw new Error(
    `No Redis for the tests: ${tried.join('; ')}. ` +
      'Start a Docker engine, or put redis-server (6.2 or later) or valkey-server on the PATH.',
  );
}

function noteIn(tried: string[]): (error: unknown) => undefined {
  return (error) => {
    tried.push(error instanceof Error ? error.message : String(error));
    return undefined;
  };
}

function findOnPath(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function describeCommand(command: string, libraries?: string): Promise<RedisSource> {
  const env = { ...process.env, ...(libraries && { LD_LIBRARY_PATH: libraries }) };
  const { stdout } = await run(command, ['--version'], { env });
  const version = /v=[\d.]+/.exec(stdout)?.[0] ?? stdout.trim();
  return { kind: 'process', command, libraries, description: `${command} (${version})` };
}

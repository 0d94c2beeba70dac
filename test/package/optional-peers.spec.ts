import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { declaredPackages, optionalPeers, readManifest } from '../support/manifest.js';
import { rejection } from '../support/rejection.js';
import { run } from './packed.js';

const NAME = '@spakky/nestjs-redis-cache';

/** Which optional peer each subpath needs. */
const needs = [
  ['health', '@nestjs/terminus'],
  ['telemetry', '@opentelemetry/api'],
] as const;

const ways = [
  ['import', (specifier: string) => ['--input-type=module', '-e', `await import('${specifier}')`]],
  ['require', (specifier: string) => ['-e', `require('${specifier}')`]],
] as const;

describe('An application without the optional peers', () => {
  let folder: string;
  const node = (args: readonly string[]) => run(process.execPath, args, { cwd: folder });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'spakky-peers-'));
    const own = join(folder, 'node_modules', NAME);
    await cp('dist', join(own, 'dist'), { recursive: true });
    await cp('package.json', join(own, 'package.json'));
    const manifest = readManifest();
    const optional = optionalPeers(manifest);
    for (const name of declaredPackages(manifest).filter((one) => !optional.includes(one))) {
      const place = join(folder, 'node_modules', name);
      await mkdir(dirname(place), { recursive: true });
      await symlink(resolve('node_modules', name), place);
    }
  }, 60_000);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('knows of every optional peer which subpath needs it', () => {
    expect(optionalPeers(readManifest()).toSorted()).toEqual(needs.map(([, peer]) => peer).toSorted());
  });

  it.each(ways)('has the package by %s', async (_way, args) => {
    expect(await node(args(NAME))).toBe('');
  });

  describe.each(needs)('that asks for ./%s', (subpath, peer) => {
    it.each(ways)('is told by %s which peer is missing', async (_way, args) => {
      const error = await rejection(node(args(`${NAME}/${subpath}`)));
      expect(String(error)).toMatch(new RegExp(`Cannot find (package|module) '${peer}'`));
    });
  });
});

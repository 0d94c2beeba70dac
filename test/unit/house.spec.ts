import { describe, expect, it } from '@jest/globals';
import { findViolations } from '../support/house-rules.js';
import { declaredPackages, publishedSubpaths, readManifest } from '../support/manifest.js';
import { parseSource, readSourceTree } from '../support/source-tree.js';

const manifest = {
  declared: ['@nestjs/common', 'ioredis', 'rxjs', 'lru-cache', 'keyv'],
  subpaths: ['testing'],
};

/** The violations of a tree that holds these files. */
function judge(files: Readonly<Record<string, string>>): string[] {
  const tree = Object.entries(files).map(([path, text]) => parseSource(path, text));
  return findViolations(tree, manifest);
}

describe('The house', () => {
  it('keeps its own rules', async () => {
    const own = readManifest();
    const tree = await readSourceTree('lib');
    expect(tree.length).toBeGreaterThan(0);
    const rules = { declared: declaredPackages(own), subpaths: publishedSubpaths(own) };
    expect(findViolations(tree, rules)).toEqual([]);
  });
});

describe('The rules of the house', () => {
  it('allow a folder to import from itself and from what stands further left', () => {
    const files = {
      'core/keys.ts':
        "import { CacheMiss } from '../contract/cache-result.js'; import { x } from './frame.js';",
      'redis/redis-cache.ts': "import { Redis } from 'ioredis'; import { y } from '../memory/clock.js';",
      'testing/index.ts': "import { Module } from '@nestjs/common'; export { z } from './suite.js';",
      'index.ts': "export { RedisCache } from './redis/redis-cache.js';",
    };
    expect(judge(files)).toEqual([]);
  });

  it.each([
    ['core/keys.ts', '../redis/redis-cache.js'],
    ['contract/errors.ts', '../core/keys.js'],
    ['near/near-store.ts', '../sync/bridge.js'],
    ['health/indicator.ts', '../testing/index.js'],
    ['redis/redis-cache.ts', '../index.js'],
    ['module/redis-cache.module.ts', '../cli/program.js'],
    ['cli/program.ts', '../health/index.js'],
  ])('forbid %s to import %s', (path, specifier) => {
    expect(judge({ [path]: `import { x } from '${specifier}';` })).toEqual([
      expect.stringContaining('may not depend on'),
    ]);
  });

  it.each([
    "import type { x } from '../redis/x.js';",
    "export { x } from '../redis/x.js';",
    "const x = await import('../redis/x.js');",
    "let x: import('../redis/x.js').X;",
    "const x = require('../redis/x.js');",
  ])('see through the form: %s', (text) => {
    expect(judge({ 'core/keys.ts': text })).toHaveLength(1);
  });

  it('let config/ name the types of codec/, and nothing more', () => {
    const path = 'config/options.ts';
    expect(judge({ [path]: "import type { Serializer } from '../codec/serializer.js';" })).toEqual([]);
    expect(judge({ [path]: "import { type Serializer } from '../codec/serializer.js';" })).toEqual([]);
    expect(judge({ [path]: "import { encode } from '../codec/serializer.js';" })).toHaveLength(1);
    expect(judge({ 'codec/frame.ts': "import type { Options } from '../config/options.js';" })).toHaveLength(
      1,
    );
  });

  it.each([
    ['config/options.ts', '@nestjs/common', 'Nest is at the edge only'],
    ['cli/program.ts', '@nestjs/common', 'Nest is at the edge only'],
    ['module/redis-cache.module.ts', 'ioredis', 'only redis/ knows the client'],
    ['memory/store.ts', 'keyv', 'another cache is no building block'],
    ['redis/client.ts', 'crypto', 'write node: before what Node brings'],
    ['redis/client.ts', 'left-pad/lib/x.js', 'neither a dependency nor a peer'],
    ['contract/duration.ts', 'rxjs', 'the contract imports nothing'],
  ])('keep %s from %s', (path, specifier, reason) => {
    expect(judge({ [path]: `import { x } from '${specifier}';` })).toEqual([expect.stringContaining(reason)]);
  });

  it('find circles, those of types included', () => {
    const files = {
      'core/a.ts': "import { b } from './b.js';",
      'core/b.ts': "import type { C } from './c.js';",
      'core/c.ts': "import { a } from './a.js';",
    };
    expect(judge(files)).toEqual(['core/a.ts → core/b.ts → core/c.ts → core/a.ts is a circle']);
  });

  it('forbid inner barrels and exports of everything', () => {
    expect(judge({ 'core/index.ts': "export { a } from './a.js';" })).toEqual([
      'core/index.ts is an inner barrel',
    ]);
    expect(judge({ 'index.ts': "export * from './core/a.js';" })).toEqual([
      expect.stringContaining('exports are named one by one'),
    ]);
    expect(judge({ 'index.ts': "export { suite } from './testing/index.js';" })).toEqual([
      expect.stringContaining('a subpath of its own'),
    ]);
  });

  it('forbid unknown folders and files that hold more than one idea', () => {
    expect(judge({ 'utils/string.ts': '' })).toEqual([expect.stringContaining('no place in the house')]);
    expect(judge({ 'core/long.ts': '//\n'.repeat(301) })).toEqual([expect.stringContaining('301 lines')]);
  });
});

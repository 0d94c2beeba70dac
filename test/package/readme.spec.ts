import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { CacheCapability } from '../../lib/contract/require-capability.js';
import { CONFIGURATION_VARIABLES } from '../../lib/config/configuration-variables.js';
import { OPTION_NAMES } from '../../lib/config/option-rules.js';
import { REDIS_CACHE_DEFAULTS } from '../../lib/config/redis-cache-defaults.js';
import { planLoad } from '../../lib/core/load-plan.js';
import { InMemoryCache } from '../../lib/memory/in-memory-cache.js';
import { resolveInMemoryCacheOptions } from '../../lib/memory/in-memory-cache-options.js';
import { readManifest } from '../support/manifest.js';
import { codeOf, Declarations, MarkdownDocument } from './documents.js';

const publicTypes = new Declarations('lib/index.ts');
const CAPABILITY_NAMES: readonly CacheCapability[] = [
  'stampede',
  'tags',
  'batch',
  'write-policy',
  'metrics',
  'sync',
];
const PLAIN_METHODS: ReadonlySet<string> = new Set(['get', 'set', 'delete', 'clear', 'close']);

const readme = new MarkdownDocument('README.md');
const manifest: { readonly engines: { readonly node: string } } = JSON.parse(
  readFileSync('package.json', 'utf8'),
);

describe('The README', () => {
  it('has its chapters in the order that a newcomer needs', () => {
    const chapters = [
      '@spakky/nestjs-redis-cache',
      'Why this, and when not',
      'Install',
      'Quick start',
      'The contract',
      'Capabilities',
      'Configuration',
      'When Redis is down',
      'Errors',
      'What can be stored',
      'Testing your application',
      'How fast',
      'Guarantees and limits',
      'How do I…?',
      'Samples',
    ];
    expect(readme.headings.filter((heading) => !heading.startsWith('…'))).toEqual(chapters);
  });

  it('lists every variable with its default and its meaning', () => {
    const rows = readme.table('variable').map((row) => ({
      name: codeOf(row['variable']),
      default: row['default'] === 'unset' ? undefined : codeOf(row['default']),
      description: row['meaning'],
    }));
    expect(rows).toEqual(CONFIGURATION_VARIABLES);
  });

  it('lists every option with its default', () => {
    const rows = new Map(
      readme.table('option').map((row) => [codeOf(row['option']), literalOf(row['default'])]),
    );
    expect([...rows.keys()]).toEqual([...OPTION_NAMES, 'name', 'isGlobal']);
    const defaults = new Map<string, string | number | boolean>(Object.entries(REDIS_CACHE_DEFAULTS));
    for (const name of OPTION_NAMES) {
      const expected = defaults.get(name);
      if (expected === undefined) expect(['none', 'built-in']).toContain(rows.get(name));
      else expect([name, rows.get(name)]).toEqual([name, String(expected)]);
    }
  });

  it('lists every option of the memory cache with its default', () => {
    const rows = readme.table('option of the memory cache');
    const names = new Declarations('lib/memory/in-memory-cache-options.ts').propertiesOf(
      'InMemoryCacheOptions',
    );
    expect(rows.map((row) => codeOf(row['option of the memory cache']))).toEqual(names);
    const { maxEntries, maxBytes } = resolveInMemoryCacheOptions({});
    expect(rows.slice(0, 2).map((row) => literalOf(row['default']))).toEqual([
      String(maxEntries),
      String(maxBytes),
    ]);
  });

  it('lists every option of getOrSet with its default', () => {
    const rows = readme.table('option of `getOrSet`');
    const names = rows.map((row) => codeOf(row['option of `getOrSet`']));
    expect(names.toSorted()).toEqual(publicTypes.propertiesOf('CacheLoadOptions').toSorted());
    const plan: Readonly<Record<string, unknown>> = { ...planLoad('key', {}, undefined) };
    for (const [index, row] of rows.entries()) {
      const name = names[index] ?? '';
      const expected = plan[name];
      if (row['default'] === 'none') expect([undefined, Infinity, []]).toContainEqual(expected);
      else if (name !== 'ttl') expect([name, literalOf(row['default'])]).toEqual([name, String(expected)]);
    }
  });

  it('lists every capability that a cache has, with its interface and its methods', () => {
    const cache = new InMemoryCache();
    for (const row of readme.table('interface')) {
      const [, name = ''] = /`(\w+)/.exec(row['interface'] ?? '') ?? [];
      const [, capability = ''] = /`'(.+)'`/.exec(row['name'] ?? '') ?? [];
      const [, page = ''] = /\]\((docs[^)]+)\)/.exec(row['more'] ?? '') ?? [];
      const own = publicTypes.propertiesOf(name).filter((method) => !PLAIN_METHODS.has(method));
      const told = [...(row['methods'] ?? '').matchAll(/`(\w+)`/g)].map(([, method = '']) => method);
      expect(own.filter((method) => !told.includes(method))).toEqual([]);
      expect(
        told.filter((method) => typeof Reflect.get(cache, method) !== 'function' && method !== 'tags'),
      ).toEqual([]);
      expect(CAPABILITY_NAMES).toContain(capability);
      expect(existsSync(page)).toBe(true);
    }
    expect(readme.table('interface')).toHaveLength(CAPABILITY_NAMES.length);
  });

  it('lists every code with its class, and no other', () => {
    const rows = readme.table('code').map((row) => `${codeOf(row['code'])} ${codeOf(row['class'])}`);
    const codes = ['errors', 'redis-errors', 'write-error'].flatMap((name) =>
      codesOf(`lib/contract/${name}.ts`),
    );
    expect(codes.length).toBeGreaterThan(20);
    expect([...rows].sort()).toEqual([...codes].sort());
  });

  it('names the versions that the package accepts', () => {
    const rows = new Map(readme.table('').map((row) => [codeOf(row['']), codeOf(row['accepted'])]));
    const { peerDependencies } = readManifest();
    expect(rows.get('Node.js')).toBe(manifest.engines.node);
    for (const [name, range] of Object.entries(peerDependencies)) {
      expect([name, rows.get(name)]).toEqual([name, range]);
    }
  });

  it('names the versions that CI tests', () => {
    const rows = new Map(readme.table('').map((row) => [codeOf(row['']), row['tested in CI']]));
    const workflow = readFileSync('.github/workflows/ci.yml', 'utf8');
    const servers = matrixOf(workflow, 'server');
    expect(rows.get('Node.js')).toBe(matrixOf(workflow, 'node').join(', '));
    expect(rows.get('@nestjs/common')).toBe(matrixOf(workflow, 'nest').join(', '));
    expect(rows.get('@nestjs/core')).toBe(matrixOf(workflow, 'nest').join(', '));
    expect(rows.get('ioredis')).toBe(matrixOf(workflow, 'ioredis').join(', '));
    expect(rows.get('Redis')).toBe(versionsOf(servers, 'redis:').join(', '));
    expect(rows.get('Valkey')).toBe(versionsOf(servers, 'valkey/valkey:').join(', '));
  });

  it('lists every sample', () => {
    const named = readme
      .table('sample')
      .map((row) => /\]\(sample\/(.+)\/main\.ts\)/.exec(row['sample'] ?? '')?.[1]);
    expect(named).toEqual(
      readdirSync('sample')
        .filter((name) => /^\d/.test(name))
        .sort(),
    );
  });
});

/** A number or a text of a table, as `String()` would write it. */
function literalOf(cell: string | undefined): string {
  return codeOf(cell)
    .replaceAll("'", '')
    .replaceAll(/(?<=\d)_(?=\d)/g, '');
}

function codesOf(file: string): string[] {
  const declarations = new Declarations(file);
  const errors = declarations.names.filter((name) => name.endsWith('Error'));
  return errors.flatMap((name) => declarations.textsOf(name, 'code').map((code) => `${code} ${name}`));
}

function matrixOf(workflow: string, name: string): string[] {
  const list = new RegExp(String.raw`^ +${name}: \[(.+)\]$`, 'm').exec(workflow)?.[1] ?? '';
  return list.split(', ').map((version) => version.replaceAll("'", ''));
}

function versionsOf(images: readonly string[], image: string): string[] {
  return images.filter((name) => name.startsWith(image)).map((name) => name.slice(image.length));
}

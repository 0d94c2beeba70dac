import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, posix, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { CacheCapability } from '../../lib/contract/require-capability.js';
import { CONFIGURATION_VARIABLES } from '../../lib/config/configuration-variables.js';
import { OPTION_NAMES } from '../../lib/config/option-rules.js';
import { REDIS_CACHE_DEFAULTS } from '../../lib/config/redis-cache-defaults.js';
import { planLoad } from '../../lib/core/load-plan.js';
import { InMemoryCache } from '../../lib/memory/in-memory-cache.js';
import { resolveInMemoryCacheOptions } from '../../lib/memory/in-memory-cache-options.js';
import { RedisCache } from '../../lib/redis/redis-cache.js';
import { readAclRule } from '../support/acl-rule.js';
import { readManifest } from '../support/manifest.js';
import { createRawRedis } from '../support/raw-redis.js';
import { type RedisServer, startRedisServer } from '../support/redis-server.js';
import { type Block, codeOf, compile, Declarations, MarkdownDocument, typeErrors } from './documents.js';
import { run } from './packed.js';

jest.setTimeout(60_000);

const capabilities = new Declarations('lib/contract/capabilities.ts');
const CAPABILITY_NAMES: readonly CacheCapability[] = [
  'stampede',
  'tags',
  'batch',
  'write-policy',
  'metrics',
  'sync',
];
const PLAIN_METHODS: ReadonlySet<string> = new Set(['get', 'set', 'delete', 'clear', 'close']);

/** A port that nobody listens at, and that the system gives to nobody who asks for a free one. */
const NOBODY = 1;

const CAPABILITY_PAGES: ReadonlySet<string> = new Set([
  'docs/getorset.md',
  'docs/stale-values.md',
  'docs/tags.md',
  'docs/batches.md',
  'docs/write-policies.md',
  'docs/metrics.md',
  'docs/sync.md',
]);

const readme = new MarkdownDocument('README.md');
const documents = [
  readme,
  ...['CONTRIBUTING.md', 'CHANGELOG.md'].map(toDocument),
  ...readdirSync('docs')
    .filter((file) => file.endsWith('.md'))
    .map((file) => toDocument(`docs/${file}`)),
];
/** Those that are about one capability each. */
const pages = documents.filter(({ file }) => CAPABILITY_PAGES.has(file));
const blocks = documents.flatMap((document) => document.blocks);
const examples = blocks.filter(({ language }) => language === 'ts');
const manifest: {
  readonly engines: { readonly node: string };
  readonly scripts: Readonly<Record<string, string>>;
} = JSON.parse(readFileSync('package.json', 'utf8'));

function toDocument(file: string): MarkdownDocument {
  return new MarkdownDocument(file);
}

function exampleUnder(heading: string): Block {
  const found = examples.find((block) => block.heading.includes(heading));
  if (found === undefined) throw new Error(`There is no example under "${heading}"`);
  return found;
}

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
    expect(names.toSorted()).toEqual(capabilities.propertiesOf('CacheLoadOptions').toSorted());
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
      const own = capabilities.propertiesOf(name).filter((method) => !PLAIN_METHODS.has(method));
      const told = [...(row['methods'] ?? '').matchAll(/`(\w+)`/g)].map(([, method = '']) => method);
      expect(own.filter((method) => !told.includes(method))).toEqual([]);
      expect(
        told.filter((method) => typeof Reflect.get(cache, method) !== 'function' && method !== 'tags'),
      ).toEqual([]);
      expect(CAPABILITY_NAMES).toContain(capability);
      expect(CAPABILITY_PAGES.has(page)).toBe(true);
    }
    expect(readme.table('interface')).toHaveLength(CAPABILITY_NAMES.length);
  });

  it('lists every code with its class, and no other', () => {
    const rows = readme.table('code').map((row) => `${codeOf(row['code'])} ${codeOf(row['class'])}`);
    const codes = ['lib/contract/errors.ts', 'lib/contract/redis-errors.ts'].flatMap(codesOf);
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
    const named = readme.table('sample').map((row) => /\]\(sample\/(.+)\)/.exec(row['sample'] ?? '')?.[1]);
    expect(named).toEqual(
      readdirSync('sample')
        .filter((name) => /^\d/.test(name))
        .sort(),
    );
  });
});

describe('A page about a capability', () => {
  it('is one of seven', () => {
    expect(pages).toHaveLength(CAPABILITY_PAGES.size);
  });

  it.each(pages)(
    'begins with what it is for, when it is of no use, and what it costs ($file)',
    ({ file }) => {
      const [title = '', , ...lines] = readFileSync(file, 'utf8').split('\n');
      expect(title).toMatch(/^# /);
      expect(lines.slice(0, 3)).toEqual([
        expect.stringMatching(/^- \*\*For\*\* /),
        expect.stringMatching(/^- \*\*Not for\*\* /),
        expect.stringMatching(/^- \*\*It costs\*\* /),
      ]);
    },
  );

  it('lists everything that is counted', () => {
    const page = new MarkdownDocument('docs/metrics.md');
    const names = page.table('field').map((row) => codeOf(row['field']));
    expect(names).toEqual(capabilities.propertiesOf('CacheMetricsSnapshot'));
  });
});

describe('The documents', () => {
  it('have examples that type-check against the sources', () => {
    expect(examples.length).toBeGreaterThan(10);
    expect(typeErrors(examples)).toEqual([]);
  });

  it('are checked by a check that finds mistakes', () => {
    const [example] = examples;
    if (example === undefined) throw new Error('There is no example');
    const text =
      "import { RedisCache } from '@spakky/nestjs-redis-cache';\nawait new RedisCache().set('key', 1, 5_000);";
    expect(typeErrors([{ ...example, text }])).toEqual([expect.stringContaining(example.place)]);
  });

  it('hold JSON that can be read', () => {
    for (const { text } of blocks.filter(({ language }) => language === 'json')) {
      expect(() => void JSON.parse(text)).not.toThrow();
    }
  });

  it.each(documents)('name scripts and places that exist ($file)', (document) => {
    expect(document.scripts.filter((script) => !Object.hasOwn(manifest.scripts, script))).toEqual([]);
    const own = document.links.filter((target) => !target.startsWith('https:'));
    expect(own.filter((target) => !leadsSomewhere(document, target))).toEqual([]);
  });
});

describe('An example', () => {
  let server: RedisServer;
  let folder: string;

  beforeAll(async () => {
    server = await startRedisServer();
    folder = await mkdtemp(join(tmpdir(), 'spakky-readme-'));
    linkPackages(folder);
  });

  afterAll(async () => {
    await server?.stop();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  /** Runs a program in which `./example.mjs` is the example. */
  async function runBeside(example: Block, program: string, port = server.port): Promise<string> {
    await writeFile(join(folder, 'example.mjs'), compile(example));
    await writeFile(join(folder, 'program.mjs'), program);
    const env = { SPAKKY_REDIS__HOST: server.host, SPAKKY_REDIS__PORT: String(port) };
    return (await run(process.execPath, ['program.mjs'], { cwd: folder, env })).trimEnd();
  }

  const runAlone = (example: Block): Promise<string> => runBeside(example, "import './example.mjs';");

  it.each(examples.filter(({ output }) => output !== undefined))(
    'prints what $place says',
    async (example) => {
      expect(await runAlone(example)).toBe(example.output);
    },
  );

  it('of the quick start finds its entry when it is run again', async () => {
    const example = exampleUnder('Quick start');
    await runAlone(example);
    expect(await runAlone(example)).toBe('Ada, from Redis\nAda, from Redis');
  });

  it.each(examples.filter(({ text }) => text.includes("'node:test'")))(
    'passes as a test ($place)',
    async (example) => {
      const report = await runAlone(example);
      expect(Number(/^# pass (\d+)$/m.exec(report)?.[1])).toBeGreaterThan(0);
      expect(report).toMatch(/^# fail 0$/m);
    },
  );

  it.each(examples.filter(({ text }) => /^export class \w+Module /m.test(text)))(
    'boots as a module ($place)',
    async (example) => {
      const program = `
        import { NestFactory } from '@nestjs/core';
        import * as example from './example.mjs';
        const [module] = Object.values(example);
        const app = await NestFactory.createApplicationContext(module, { logger: ['warn', 'error'] });
        await app.close();
        console.log('closed');`;
      expect(await runBeside(example, program)).toBe('closed');
    },
  );

  it('goes on without the cache when Redis is down', async () => {
    const program = `
      import { RedisCache } from '@spakky/nestjs-redis-cache';
      import { getOrMiss } from './example.mjs';
      const cache = new RedisCache();
      console.log((await getOrMiss(cache, 'key')).hit);
      await cache.close();`;
    expect(await runBeside(exampleUnder('When Redis is down'), program, NOBODY)).toBe('false');
  });

  it('tells the health over HTTP', async () => {
    const program = `
      import { NestFactory } from '@nestjs/core';
      import { RedisCacheModule } from '@spakky/nestjs-redis-cache';
      import { HealthController } from './example.mjs';
      class App {}
      const imports = [RedisCacheModule.forRoot({ lazy: true })];
      const root = { module: App, imports, controllers: [HealthController] };
      const app = await NestFactory.create(root, { logger: false });
      await app.listen(0, '127.0.0.1');
      const response = await fetch(\`\${await app.getUrl()}/health\`);
      console.log(response.status, await response.text());
      await app.close();`;
    const example = exampleUnder('check the health');
    expect(await runBeside(example, program)).toBe('200 {"redis":"up"}');
    const down = await runBeside(example, program, NOBODY);
    expect(down).toMatch(/^503 .*REDIS_UNREACHABLE/);
  });

  it.each([
    {
      name: 'gives an ACL user all the commands that the cache sends',
      rule: readAclRule('waking'),
      refused: [],
    },
    {
      name: 'gives an ACL user who may not use CLIENT all the others',
      rule: readAclRule(),
      refused: ['client|id'],
    },
  ])('$name', async ({ rule, refused }) => {
    const raw = createRawRedis(server);
    await raw.call('ACL', 'DELUSER', rule.user);
    await raw.call('ACL', rule.argumentsWithout());
    await raw.call('ACL', 'LOG', 'RESET');
    const { host, port } = server;
    const { user: username, password, prefix: keyPrefix } = rule;
    const options = { host, port, db: 1, username, password, keyPrefix };
    await using cache = new RedisCache(options, { variable: () => undefined });
    await using other = new RedisCache(options, { variable: () => undefined });
    await usePlainly(cache);
    await useCapabilities(cache, other);
    const log = await raw.call('ACL', 'LOG');
    expect(Array.isArray(log) ? log.map((entry: string[]) => entry[7]) : log).toEqual(refused);
    raw.disconnect();
  });
});

async function usePlainly(cache: RedisCache): Promise<void> {
  await cache.ping();
  await cache.set('key', 1, { ttl: '1m' });
  expect(await cache.get('key')).toMatchObject({ value: 1 });
  expect(await cache.delete('key')).toBe(true);
  await cache.set('key', 2);
  await cache.clear();
  expect((await cache.get('key')).hit).toBe(false);
}

async function useCapabilities(cache: RedisCache, other: RedisCache): Promise<void> {
  const loading = cache.getOrSet('waited for', () => delay(1_500, 'loaded'), { ttl: '1m', leaseFor: 900 });
  await delay(50);
  expect(await other.getOrSet('waited for', () => 'again')).toBe('loaded');
  await loading;

  const stale = { ttl: 50, staleFor: '1m', pauseFor: 50, tags: ['tag'] } as const;
  await cache.getOrSet('stale', () => 'old', stale);
  await delay(100);
  expect(await cache.getOrSet('stale', () => Promise.reject(new Error('away')), stale)).toBe('old');
  await cache.set('tagged', 1, { ttl: '1d', tags: ['tag'] });
  await cache.evictTags('tag');
  expect((await cache.get('tagged')).hit).toBe(false);

  await cache.setMany(new Map([['one', 1]]));
  expect(await cache.deleteMany(['one', 'two'])).toBe(1);
  await cache.writeThrough('through', 1, () => undefined);
  await cache.writeBehind('behind', 1, () => undefined);
  await cache.drain();
  expect(cache.metrics().errors).toEqual({});
}

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

function leadsSomewhere(document: MarkdownDocument, target: string): boolean {
  const [file = '', anchor] = target.split('#');
  if (file !== '') return existsSync(posix.join(posix.dirname(document.file), file));
  return document.headings.some((heading) => anchorOf(heading) === anchor);
}

/** As GitHub makes it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

/** Lets programs in a folder import the package and its peers by their names, as if they were installed there. */
function linkPackages(folder: string): void {
  mkdirSync(join(folder, 'node_modules/@spakky'), { recursive: true });
  symlinkSync(resolve('.'), join(folder, 'node_modules/@spakky/nestjs-redis-cache'));
  for (const name of ['@nestjs', 'ioredis', 'rxjs', 'reflect-metadata']) {
    symlinkSync(resolve('node_modules', name), join(folder, 'node_modules', name));
  }
}

import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';
import { USAGE } from '../../lib/cli/usage.js';
import { CONFIGURATION_VARIABLES } from '../../lib/config/configuration-variables.js';
import { codeOf, Declarations, MarkdownDocument, readDocuments, typeErrors } from './documents.js';
import { type ShellNames, unknownIn } from './shell-lines.js';

jest.setTimeout(60_000);

/** Something checks the blocks of these languages; a `text` block is the output of the `ts` block before it. */
const LANGUAGES: ReadonlySet<string> = new Set(['ts', 'json', 'bash']);

const documents = readDocuments();
const pages = documents.filter(({ file }) => file.startsWith('docs/'));
const blocks = documents.flatMap((document) => document.blocks);
const examples = blocks.filter(({ language }) => language === 'ts');
const manifest: {
  readonly name: string;
  readonly scripts: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
} = JSON.parse(readFileSync('package.json', 'utf8'));

const shellNames: ShellNames = {
  variables: CONFIGURATION_VARIABLES.map(({ name }) => name),
  packages: [
    manifest.name,
    ...Object.keys(manifest.peerDependencies),
    ...Object.keys(manifest.devDependencies),
  ],
  scripts: Object.keys(manifest.scripts),
};

function leadsSomewhere(document: MarkdownDocument, target: string): boolean {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? document.file : posix.join(posix.dirname(document.file), path);
  if (anchor === undefined) return existsSync(file);
  const aim = documents.find((candidate) => candidate.file === file);
  return aim?.headings.some((heading) => anchorOf(heading) === anchor) ?? false;
}

/** As GitHub makes it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

describe('A page of docs/', () => {
  it.each(pages)(
    'begins with what it is for, when it is of no use, and what it costs ($file)',
    ({ file }) => {
      const [title = '', , ...lines] = readFileSync(file, 'utf8').split('\n');
      expect(title).toMatch(/^# /);
      expect(lines.slice(0, 4)).toEqual([
        expect.stringMatching(/^- \*\*For\*\* /),
        expect.stringMatching(/^- \*\*Not for\*\* /),
        expect.stringMatching(/^- \*\*It costs\*\* /),
        '',
      ]);
    },
  );

  it('is found from the README', () => {
    const [readme] = documents;
    const found = new Set(readme?.links.map((target) => target.split('#')[0]));
    expect(pages.map(({ file }) => file).filter((file) => !found.has(file))).toEqual([]);
  });

  it('about metrics lists everything that is counted', () => {
    const page = new MarkdownDocument('docs/metrics.md');
    const names = page.table('field').map((row) => codeOf(row['field']));
    expect(names).toEqual(new Declarations('lib/index.ts').propertiesOf('CacheMetricsSnapshot'));
  });

  it('about migrating names the versions that were measured', () => {
    const rows = new MarkdownDocument('docs/migration.md').table('package');
    const told = Object.fromEntries(rows.map((row) => [codeOf(row['package']), codeOf(row['measured'])]));
    expect(Object.keys(told).length).toBeGreaterThan(0);
    expect(manifest.devDependencies).toMatchObject(told);
  });
});

const CALLS = {
  before: "import type { Cache } from 'cache-manager'; declare const cache: Cache;",
  after:
    "import type { RedisCache } from '@spakky/nestjs-redis-cache'; declare const cache: RedisCache<Profile>;",
} as const;

describe.each(Object.entries(CALLS))('The calls %s a migration', (column, declaration) => {
  const cells = new MarkdownDocument('docs/migration.md').table('before').map((row) => codeOf(row[column]));
  const calls = cells.filter((cell) => /\bcache\.\w+\(/.test(cell) && !cell.includes('…'));

  it('type-check', () => {
    const text = `${declaration}
      interface Profile { readonly name: string }
      declare const [key, a, b]: readonly string[] & [string, string, string];
      declare const [ttl, refreshThreshold]: [number, number];
      declare const value: Profile;
      declare const load: () => Promise<Profile>;
      export async function callAll() { ${calls.map((call) => `{ ${call}; }`).join('\n')} }`;
    const block = {
      place: `docs/migration.md, ${column}`,
      language: 'ts',
      text,
      heading: '',
      output: undefined,
    };
    expect(calls.length).toBeGreaterThan(10);
    expect(typeErrors([block])).toEqual([]);
  });
});

describe('The documents', () => {
  it('have examples that type-check against the sources', () => {
    expect(examples.length).toBeGreaterThan(10);
    expect(typeErrors(examples)).toEqual([]);
  });

  it.each([
    { file: 'README.md', right: '{ ttl: { minutes: 5 } }', wrong: '5_000' },
    { file: 'docs/decorators.md', right: "'profile:{0}'", wrong: "'profile:{7}'" },
    { file: 'docs/health.md', right: 'this.health.check(', wrong: 'this.health.look(' },
    { file: 'docs/telemetry.md', right: "{ keys: 'none' }", wrong: '{ tracerProvider: 1 }' },
    { file: 'docs/migration.md', right: "namespace: 'shop'", wrong: 'namespace: 1' },
    { file: 'docs/migration.md', right: 'this.cache.mdel(', wrong: 'this.cache.mdelete(' },
  ])('are checked by a check that finds a mistake in $file: $wrong', ({ file, right, wrong }) => {
    const example = examples.find(({ place, text }) => place.startsWith(`${file}:`) && text.includes(right));
    if (example === undefined) throw new Error(`No example in ${file} has ${right}`);
    const text = example.text.replace(right, wrong);
    expect(typeErrors([{ ...example, text }])).toEqual([expect.stringContaining(example.place)]);
  });

  it.each(documents)('have no block that nobody checks ($file)', (document) => {
    const unchecked = document.blocks.filter(({ language }) => !LANGUAGES.has(language));
    // The usage of the program is compared where the program is tested.
    expect(unchecked.filter(({ text }) => text !== USAGE)).toEqual([]);
    const read = document.blocks.reduce((sum, { output }) => sum + (output === undefined ? 1 : 2), 0);
    expect(document.fences).toBe(read * 2);
  });

  it('hold JSON that can be read', () => {
    for (const { text } of blocks.filter(({ language }) => language === 'json')) {
      expect(() => void JSON.parse(text)).not.toThrow();
    }
  });

  it('tell people to type what exists', () => {
    const lines = blocks.filter(({ language }) => language === 'bash');
    expect(lines.length).toBeGreaterThan(3);
    expect(lines.flatMap((block) => unknownIn(block, shellNames))).toEqual([]);
  });

  it.each([
    'npm install left-pad',
    'npm run dance',
    'npm dance',
    'SPAKKY_REDIS__HOOST=localhost npm test',
    './nowhere.sh',
    'npx left-pad',
    'npx spakky-cache dance',
  ])('are checked by a check that finds %s', (text) => {
    const block = { place: 'README.md:1', language: 'bash', text, heading: '', output: undefined };
    expect(unknownIn(block, shellNames)).toHaveLength(1);
  });

  it.each(documents)('name scripts and places that exist ($file)', (document) => {
    expect(document.scripts.filter((script) => !Object.hasOwn(manifest.scripts, script))).toEqual([]);
    const own = document.links.filter((target) => !target.startsWith('https:'));
    expect(own.filter((target) => !leadsSomewhere(document, target))).toEqual([]);
  });
});

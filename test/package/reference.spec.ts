import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { exportTargets, readManifest } from '../support/manifest.js';
import { typeErrors } from './documents.js';
import { examplesOf } from './comment-examples.js';
import { run } from './packed.js';
import { type PublicThing, readReference } from './reference.js';

describe('The reference', () => {
  let folder: string;
  let things: readonly PublicThing[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'spakky-reference-'));
    const json = join(folder, 'reference.json');
    // It fails at the first warning, and says which.
    const options = ['--json', json, '--out', join(folder, 'html')];
    await run('npm', ['run', '--silent', 'reference', '--', ...options], { seconds: 120 });
    things = readReference(json);
  }, 130_000);

  afterAll(async () => {
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  function placesOf(wanted: (thing: PublicThing) => boolean): string[] {
    return things.filter(wanted).map(({ place }) => place);
  }

  it('is a site with the README in front', () => {
    expect(existsSync(join(folder, 'html/modules.html'))).toBe(true);
    expect(readFileSync(join(folder, 'html/index.html'), 'utf8')).toContain('Why this, and when not');
  });

  it('has every subpath that is published', () => {
    const { name } = readManifest();
    const subpaths = exportTargets(readManifest()).map(({ subpath }) => subpath);
    const modules = subpaths.filter((subpath) => subpath !== './package.json');
    expect(new Set(things.map(({ specifier }) => specifier))).toEqual(
      new Set(modules.map((subpath) => subpath.replace(/^\./, name))),
    );
  });

  it('tells what each public thing is, in a sentence of the values and types', () => {
    expect(things.length).toBeGreaterThan(300);
    expect(placesOf(({ summary }) => summary === '')).toEqual([]);
    expect(placesOf(({ kind, summary }) => kind !== 'member' && !/[.:](\s|$)/.test(summary))).toEqual([]);
  });

  it('tells what each parameter is', () => {
    const unsaid = things.flatMap(({ place, parameters }) =>
      [...parameters].flatMap(([name, summary]) => (summary === '' ? [`${place}: ${name}`] : [])),
    );
    expect(unsaid).toEqual([]);
  });

  it('shows how to use each function, class and decorator', () => {
    expect(placesOf(({ kind }) => kind === 'value').length).toBeGreaterThan(25);
    expect(placesOf(({ kind, examples }) => kind === 'value' && examples.length === 0)).toEqual([]);
  });

  it('has examples that type-check against the sources', () => {
    const [thing] = things;
    if (thing === undefined) throw new Error('There is nothing in the reference');
    // What has a mistake shows that the others are looked at.
    const mistake = '```ts\nawait cache.set(profile.id, profile, 5_000);\n```';
    const examples = examplesOf([...things, { ...thing, place: 'A mistake', examples: [mistake] }]);
    expect(examples.length).toBeGreaterThan(50);
    expect(typeErrors(examples)).toEqual([expect.stringMatching(/^A mistake: .*5000/s)]);
  }, 60_000);
});

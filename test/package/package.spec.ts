import { access, constants } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { declaredPackages, exportTargets, type PackageManifest, readManifest } from '../support/manifest.js';
import { readSourceTree, type SourceFile } from '../support/source-tree.js';
import { pack, type Packed, run } from './packed.js';

describe('The published package', () => {
  let packed: Packed;
  let manifest: PackageManifest;

  beforeAll(async () => {
    packed = await pack();
    await run('tar', ['-xzf', packed.tarball, '-C', packed.folder]);
    manifest = readManifest(join(packed.folder, 'package'));
  }, 60_000);

  afterAll(() => packed?.remove());

  it('holds the two builds, the licence and nothing that only we need', () => {
    expect(packed.files).toEqual(
      expect.arrayContaining(['LICENSE', 'package.json', 'dist/cjs/package.json']),
    );
    const strange = packed.files.filter(
      (file) => !/^(LICENSE|README\.md|package\.json|dist\/.+)$/.test(file),
    );
    expect(strange).toEqual([]);
    expect(packed.files.filter((file) => /\b(test|spec|sample|bench)\b/.test(file))).toEqual([]);
    const kinds = packed.files
      .filter((file) => file.startsWith('dist/'))
      .filter((file) => !/\.(js|d\.ts)$/.test(file));
    // The folder of a module is known only to CommonJS, in both builds.
    const places = ['dist/cjs/redis/worker-place.cjs', 'dist/esm/redis/worker-place.cjs'];
    expect(kinds.toSorted()).toEqual(['dist/cjs/package.json', ...places]);
  });

  it('stays small', () => {
    expect(packed.bytes).toBeLessThan(290_000);
    expect(Object.keys(manifest.dependencies).length).toBeLessThanOrEqual(3);
  });

  it('leads every export condition to a file', () => {
    const targets = exportTargets(manifest).map((target) => target.file);
    expect(targets.length).toBeGreaterThan(6);
    for (const file of [...targets, manifest.main, manifest.types]) {
      expect(packed.files).toContain(file.replace(/^\.\//, ''));
    }
  });

  it('has a program that may be run, in one build', async () => {
    const [program = '', ...others] = Object.values(manifest.bin);
    expect(others).toEqual([]);
    await access(join(packed.folder, 'package', program), constants.X_OK);
    expect(packed.files.filter((file) => file.startsWith('dist/cjs/cli/'))).toEqual([]);
  });

  it.each(['esm', 'cjs'])('imports only what it declares, and only files it holds (%s)', async (format) => {
    const tree = await readSourceTree(join(packed.folder, 'package/dist', format), ['.js', '.d.ts']);
    expect(tree.length).toBeGreaterThan(0);
    expect(tree.flatMap(importedPackages)).toContain('@nestjs/common');
    const undeclared = tree
      .flatMap(importedPackages)
      .filter((name) => !declaredPackages(manifest).includes(name));
    expect(undeclared).toEqual([]);
    const missing = tree
      .flatMap(importedFiles)
      .filter((file) => !packed.files.includes(`dist/${format}/${file}`));
    expect(missing).toEqual([]);
  });

  it('satisfies publint, strictly', async () => {
    await run(bin('publint'), ['run', '--strict', packed.tarball]);
  }, 60_000);

  it('has types that fit the code for every way to resolve them', async () => {
    await run(bin('attw'), [packed.tarball]);
  }, 60_000);
});

function importedPackages(file: SourceFile): string[] {
  return file.imports
    .map(({ specifier }) => specifier)
    .filter((specifier) => !specifier.startsWith('.') && !isBuiltin(specifier))
    .map((specifier) => /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier);
}

function importedFiles(file: SourceFile): string[] {
  return file.imports.flatMap((imported) => imported.file ?? []);
}

function bin(name: string): string {
  return resolve('node_modules/.bin', name);
}

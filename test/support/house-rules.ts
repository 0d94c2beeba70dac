import { isBuiltin } from 'node:module';
import type { Import, SourceFile } from './source-tree.js';

/** From the middle to the edge: a folder imports from itself and from what stands further left. */
const layers = [
  ['contract'],
  ['config', 'codec'],
  ['core'],
  ['memory'],
  ['near', 'sync'],
  ['redis'],
  ['module'],
  ['decorators', 'health', 'telemetry', 'testing', 'cli'],
];
/** Options name the serializer port, and nothing of it runs there. */
const allowedTypes = [{ from: 'config', to: 'codec' }];
const nestFolders = new Set(['module', 'decorators', 'health', 'testing']);
const rivals = new Set(['keyv', 'cacheable', 'cache-manager']);
const mostLines = 300;

/** What the package's manifest promises, as far as the rules depend on it. */
export interface Manifest {
  /** Dependencies and peers: everything a user has installed. */
  readonly declared: readonly string[];
  /** The folders that are published as a subpath of their own: `testing`. */
  readonly subpaths: readonly string[];
}

/** Names everything in the tree that breaks a rule of the house, one sentence each. */
export function findViolations(tree: readonly SourceFile[], manifest: Manifest): string[] {
  const ofFiles = tree.flatMap((file) => [
    ...checkFile(file, manifest),
    ...file.imports.flatMap((imported) => checkImport(file, imported, manifest)),
  ]);
  return [...ofFiles, ...findCircles(tree)];
}

function checkFile(file: SourceFile, { subpaths }: Manifest): string[] {
  const isBarrel =
    file.path.endsWith('/index.ts') && !subpaths.some((name) => file.path === `${name}/index.ts`);
  const isLost = file.folder !== '' && layerOf(file.folder) < 0;
  return [
    ...when(isBarrel, `${file.path} is an inner barrel`),
    ...when(isLost, `${file.path} is in a folder that has no place in the house`),
    ...when(file.lines > mostLines, `${file.path} has ${file.lines} lines: name its second idea`),
  ];
}

function checkImport(file: SourceFile, imported: Import, manifest: Manifest): string[] {
  const problems =
    imported.file === undefined
      ? checkPackage(file, imported, manifest)
      : checkDirection(file, imported, manifest);
  return [...problems, ...when(imported.star, 'everything: exports are named one by one')].map(
    (problem) => `${file.path} imports ${imported.specifier}: ${problem}`,
  );
}

function checkPackage(file: SourceFile, { specifier }: Import, { declared }: Manifest): string[] {
  const name = /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
  const unprefixed = isBuiltin(specifier) && !specifier.startsWith('node:');
  return [
    ...when(file.folder === 'contract', 'the contract imports nothing'),
    ...when(name.startsWith('@nestjs/') && !nestFolders.has(file.folder), 'Nest is at the edge only'),
    ...when(name === 'ioredis' && file.folder !== 'redis', 'only redis/ knows the client'),
    ...when(rivals.has(name), 'another cache is no building block'),
    ...when(unprefixed, 'write node: before what Node brings'),
    ...when(!isBuiltin(specifier) && !declared.includes(name), 'it is neither a dependency nor a peer'),
  ];
}

function checkDirection(file: SourceFile, imported: Import, { subpaths }: Manifest): string[] {
  const to = imported.file?.includes('/') ? imported.file.slice(0, imported.file.indexOf('/')) : '';
  if (file.folder === '') return when(subpaths.includes(to), 'it is a subpath of its own');
  const isType =
    imported.typeOnly && allowedTypes.some((pair) => pair.from === file.folder && pair.to === to);
  const isAllowed = to === file.folder || isType || (to !== '' && layerOf(to) < layerOf(file.folder));
  return when(!isAllowed, `${file.folder}/ may not depend on ${to === '' ? 'the root' : `${to}/`}`);
}

function layerOf(folder: string): number {
  return layers.findIndex((names) => names.includes(folder));
}

function findCircles(tree: readonly SourceFile[]): string[] {
  const files = new Map(tree.map((file) => [file.path, file]));
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
    if (trail.includes(path) || done.has(path)) return;
    for (const { file } of files.get(path)?.imports ?? []) if (file) visit(file, [...trail, path]);
    done.add(path);
  };
  for (const { path } of tree) visit(path, []);
  return circles.map((circle) => `${circle} is a circle`);
}

function when(broken: boolean, problem: string): string[] {
  return broken ? [problem] : [];
}

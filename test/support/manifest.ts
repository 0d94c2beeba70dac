import { readFileSync } from 'node:fs';

/** One leaf of the export map: what a resolver with these conditions finds. */
export interface ExportTarget {
  readonly subpath: string;
  readonly conditions: readonly string[];
  readonly file: string;
}

export interface PackageManifest {
  readonly name: string;
  readonly version: string;
  readonly main: string;
  readonly types: string;
  readonly exports: ExportMap;
  /** Programs by their names. */
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

type ExportMap = string | { readonly [condition: string]: ExportMap };

export function readManifest(folder = '.'): PackageManifest {
  return JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
}

/** Everything a user of the package has installed. */
export function declaredPackages({ dependencies, peerDependencies }: PackageManifest): string[] {
  return Object.keys({ ...dependencies, ...peerDependencies });
}

/** Peers that only a subpath of their own needs. */
export function optionalPeers({ peerDependenciesMeta = {} }: PackageManifest): string[] {
  return Object.keys(peerDependenciesMeta).filter((name) => peerDependenciesMeta[name]?.optional === true);
}

/** The folders of lib/ that are published as a subpath of their own. */
export function publishedSubpaths({ exports }: PackageManifest): string[] {
  return Object.keys(exports)
    .filter((subpath) => subpath.startsWith('./') && subpath !== './package.json')
    .map((subpath) => subpath.slice('./'.length));
}

export function exportTargets({ exports }: PackageManifest): ExportTarget[] {
  if (typeof exports === 'string') return [{ subpath: '.', conditions: [], file: exports }];
  return Object.entries(exports).flatMap(([subpath, map]) => flatten(subpath, [], map));
}

function flatten(subpath: string, conditions: readonly string[], map: ExportMap): ExportTarget[] {
  if (typeof map === 'string') return [{ subpath, conditions, file: map }];
  return Object.entries(map).flatMap(([name, inner]) => flatten(subpath, [...conditions, name], inner));
}

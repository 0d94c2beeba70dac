import { readdir, readFile } from 'node:fs/promises';
import { posix } from 'node:path';
import ts from 'typescript';

/** One `import … from`, `export … from`, `import()` or `import('…').Type`. */
export interface Import {
  /** As written: `ioredis`, `node:crypto`, `../contract/errors.js`. */
  readonly specifier: string;
  /** The file it means, for a relative one: `contract/errors.ts`. */
  readonly file?: string;
  readonly typeOnly: boolean;
  /** Whether it is an `export * from`. */
  readonly star: boolean;
}

export interface SourceFile {
  /** From the tree's root: `redis/redis-cache.ts`. */
  readonly path: string;
  /** The first part of the path; empty at the root. */
  readonly folder: string;
  readonly lines: number;
  readonly imports: readonly Import[];
}

/** Reads every file under `root` with one of these endings: a package's own TypeScript, or what was built of it. */
export async function readSourceTree(root: string, endings = ['.ts']): Promise<SourceFile[]> {
  const names = await readdir(root, { recursive: true });
  const paths = names.filter((name) => endings.some((ending) => name.endsWith(ending))).sort();
  return Promise.all(paths.map(async (path) => parseSource(path, await readFile(`${root}/${path}`, 'utf8'))));
}

/** Finds out what a file imports. */
export function parseSource(path: string, text: string): SourceFile {
  const imports: Import[] = [];
  const visit = (node: ts.Node): void => {
    const found = readImport(path, node);
    if (found) imports.push(found);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest));
  const folder = path.includes('/') ? path.slice(0, path.indexOf('/')) : '';
  return { path, folder, lines: text.trimEnd().split('\n').length, imports };
}

function readImport(path: string, node: ts.Node): Import | undefined {
  const specifier = findSpecifier(node);
  if (!specifier || !ts.isStringLiteral(specifier)) return undefined;
  const { text } = specifier;
  const file = text.startsWith('.') ? fileOf(path, text) : undefined;
  const star = ts.isExportDeclaration(node) && !node.exportClause;
  return { specifier: text, file, typeOnly: isTypeOnly(node), star };
}

/** Source names the file it will become, `./errors.js`: in a source file that means `./errors.ts`. */
function fileOf(path: string, specifier: string): string {
  const file = posix.join(posix.dirname(path), specifier);
  if (path.endsWith('.js')) return file;
  return file.replace(/\.js$/, path.endsWith('.d.ts') ? '.d.ts' : '.ts');
}

function findSpecifier(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return node.argument.literal;
  if (!ts.isCallExpression(node)) return undefined;
  const isRequire = ts.isIdentifier(node.expression) && node.expression.text === 'require';
  return isRequire || node.expression.kind === ts.SyntaxKind.ImportKeyword ? node.arguments[0] : undefined;
}

function isTypeOnly(node: ts.Node): boolean {
  if (ts.isImportTypeNode(node)) return true;
  if (ts.isExportDeclaration(node)) return node.isTypeOnly;
  if (!ts.isImportDeclaration(node) || !node.importClause) return false;
  const { isTypeOnly: whole, name, namedBindings } = node.importClause;
  if (whole) return true;
  if (name || !namedBindings || !ts.isNamedImports(namedBindings)) return false;
  return namedBindings.elements.every((element) => element.isTypeOnly);
}

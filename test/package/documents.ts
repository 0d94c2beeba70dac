import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';

/** A fenced block of a document. */
export interface Block {
  /** Where it begins, for a person: `README.md:42`. */
  readonly place: string;
  readonly language: string;
  readonly text: string;
  /** The nearest heading above it. */
  readonly heading: string;
  /** What it prints, if the document says so: the `text` block that follows it in the same section. */
  readonly output: string | undefined;
}

/** One row of a table: its cells by the heads of their columns. */
export type Row = Readonly<Record<string, string>>;

/** A Markdown file of this repository. */
export class MarkdownDocument {
  readonly blocks: readonly Block[];
  /** How many lines begin or end a block, those of blocks that are none to this reader included. */
  readonly fences: number;
  readonly headings: readonly string[];
  /** The targets of its links. */
  readonly links: readonly string[];
  /** The npm scripts that it tells people to run. */
  readonly scripts: readonly string[];
  readonly #lines: readonly string[];

  constructor(readonly file: string) {
    const text = readFileSync(file, 'utf8');
    this.fences = everyMatch(text, /^[ >]*(`{3,}|~{3,})/gm).length;
    const prose = text.replaceAll(/^```\w+\n.*?^```$/gms, '');
    this.#lines = prose.split('\n');
    this.blocks = readBlocks(file, text.split('\n'));
    this.headings = everyMatch(prose, /^#+ (.+)$/gm);
    this.links = everyMatch(prose, /\]\(([^)]+)\)/g);
    this.scripts = everyMatch(text, /\bnpm (?:run )?(?!run|ci|install|uninstall|pack)([\w:-]+)/g);
  }

  /** The table whose first column has this head. */
  table(head: string): readonly Row[] {
    const start = this.#lines.findIndex((line) => line.startsWith('|') && cellsOf(line)[0] === head);
    if (start === -1) throw new Error(`${this.file} has no table that begins with "${head}"`);
    const [heads = '', , ...rows] = this.#lines.slice(start);
    const end = rows.findIndex((line) => !line.startsWith('|'));
    return rows.slice(0, end).map((row) => {
      const cells = cellsOf(row);
      return Object.fromEntries(cellsOf(heads).map((name, column) => [name, cells[column] ?? '']));
    });
  }
}

/** Everything that is written for people. */
export function readDocuments(): readonly MarkdownDocument[] {
  const files = readdirSync('docs').filter((file) => file.endsWith('.md'));
  const pages = files.toSorted().map((file) => `docs/${file}`);
  return ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...pages].map((file) => new MarkdownDocument(file));
}

function everyMatch(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, found = '']) => found);
}

/** What a cell says inside its first backticks, or the whole cell. */
export function codeOf(cell: string | undefined): string {
  return /`([^`]+)`/.exec(cell ?? '')?.[1] ?? cell ?? '';
}

function cellsOf(line: string): string[] {
  const cells = line.split(/(?<!\\)\|/).slice(1, -1);
  return cells.map((cell) => cell.trim().replaceAll(String.raw`\|`, '|'));
}

function readBlocks(file: string, lines: readonly string[]): Block[] {
  const blocks: Block[] = [];
  let heading = '';
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? '';
    if (/^#+ /.test(line)) heading = line.replace(/^#+ /, '');
    const language = /^```(\w+)$/.exec(line)?.[1];
    if (language === undefined) continue;
    const length = lines.slice(index + 1).indexOf('```');
    const text = lines.slice(index + 1, index + 1 + length).join('\n');
    const previous = blocks.at(-1);
    if (language === 'text' && previous?.language === 'ts' && previous.heading === heading) {
      blocks[blocks.length - 1] = { ...previous, output: text };
    } else {
      blocks.push({ place: `${file}:${index + 1}`, language, text, heading, output: undefined });
    }
    index += length + 1;
  }
  return blocks;
}

const { options: ownOptions } = ts.parseJsonConfigFileContent(
  ts.readConfigFile('tsconfig.json', (path) => ts.sys.readFile(path)).config,
  ts.sys,
  '.',
);
const options: ts.CompilerOptions = {
  ...ownOptions,
  // An example may declare what it does not use, and need not export anything to be a module.
  noUnusedLocals: false,
  moduleDetection: ts.ModuleDetectionKind.Force,
};

/** Source files do not change while the tests run: each is read once, whatever is checked. */
const sources = new Map<string, ts.SourceFile | undefined>();

function createProgram(rootNames: readonly string[], virtual: ReadonlyMap<string, Block>): ts.Program {
  const disk = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...disk,
    fileExists: (path) => virtual.has(path) || disk.fileExists(path),
    getSourceFile: (path, ...rest) => {
      const block = virtual.get(path);
      if (block !== undefined) return ts.createSourceFile(path, block.text, rest[0]);
      if (!sources.has(path)) sources.set(path, disk.getSourceFile(path, ...rest));
      return sources.get(path);
    },
  };
  return ts.createProgram({ rootNames, options, host });
}

/** Checks each block as a module of its own in the root of this repository; one sentence for each error. */
export function typeErrors(blocks: readonly Block[]): string[] {
  const virtual = new Map(blocks.map((block, index) => [resolve(`document-block-${index}.ts`), block]));
  const program = createProgram([...virtual.keys()], virtual);
  return [...virtual].flatMap(([path, block]) =>
    ts
      .getPreEmitDiagnostics(program, program.getSourceFile(path))
      .map(({ messageText }) => `${block.place}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`),
  );
}

/** Makes JavaScript of a block, as a build would. */
export function compile(block: Block): string {
  return ts.transpileModule(block.text, { compilerOptions: options, fileName: 'example.mts' }).outputText;
}

/** What a file declares to the outside, as the type checker sees it. */
export class Declarations {
  readonly #checker: ts.TypeChecker;
  readonly #exports: readonly ts.Symbol[];

  constructor(file: string) {
    const program = createProgram([resolve(file)], new Map());
    this.#checker = program.getTypeChecker();
    const source = program.getSourceFile(resolve(file));
    const module = source && this.#checker.getSymbolAtLocation(source);
    this.#exports = module === undefined ? [] : this.#checker.getExportsOfModule(module);
  }

  get names(): readonly string[] {
    return this.#exports.map((symbol) => symbol.name);
  }

  /** An import of all that it exports, as another module would write it. */
  importFrom(specifier: string): string {
    const names = this.#exports.map(({ name, declarations = [] }) =>
      declarations.some(ts.isTypeOnlyImportOrExportDeclaration) ? `type ${name}` : name,
    );
    return `import { ${names.join(', ')} } from '${specifier}';`;
  }

  /** The names of the properties of an exported type. */
  propertiesOf(name: string): readonly string[] {
    return (
      this.#typeOf(name)
        ?.getProperties()
        .map((property) => property.name) ?? []
    );
  }

  /** The texts that a property of an exported type may have; none when it may be any text. */
  textsOf(name: string, property: string): readonly string[] {
    const symbol = this.#typeOf(name)?.getProperty(property);
    if (symbol === undefined) return [];
    const type = this.#checker.getTypeOfSymbol(symbol);
    const members = type.isUnion() ? type.types : [type];
    return members.flatMap((member) => (member.isStringLiteral() ? [member.value] : []));
  }

  #typeOf(name: string): ts.Type | undefined {
    const symbol = this.#exports.find((candidate) => candidate.name === name);
    return symbol && this.#checker.getDeclaredTypeOfSymbol(symbol);
  }
}

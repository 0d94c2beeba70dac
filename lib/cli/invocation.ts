import { parseArgs } from 'node:util';
import { errorCode } from './error-code.js';
import { UsageError } from './usage.js';

/** Which cache is meant, where what is left out is told by the environment. */
export interface Settings {
  readonly name?: string;
  readonly prefix?: string;
  readonly envFile?: string;
}

/** What to do with the cache. */
export type Task =
  | { readonly command: 'explain'; readonly key: string }
  | { readonly command: 'stats' }
  | { readonly command: 'evict'; readonly tags: readonly string[] }
  | { readonly command: 'clear'; readonly consent: 'given' | 'to be asked for' };

/** What the arguments ask for. */
export type Invocation =
  | { readonly show: 'help' }
  | { readonly show: 'version' }
  | { readonly show: 'results'; readonly task: Task; readonly settings: Settings };

const OPTIONS = {
  name: { type: 'string' },
  prefix: { type: 'string' },
  'env-file': { type: 'string' },
  json: { type: 'boolean' },
  yes: { type: 'boolean' },
  help: { type: 'boolean' },
  version: { type: 'boolean' },
} as const;

/**
 * Reads the arguments. What they say is not repeated in errors: it may be a URL with a password.
 *
 * @param argv without the names of Node.js and of the program
 * @throws UsageError when they make no sense
 */
export function readInvocation(argv: readonly string[]): Invocation {
  const { values, positionals } = parse(argv);
  if (values.help === true) return { show: 'help' };
  if (values.version === true) return { show: 'version' };
  const { name, prefix, 'env-file': envFile, yes } = values;
  const task = readTask(positionals, yes === true ? 'given' : 'to be asked for');
  return { show: 'results', task, settings: { name, prefix, envFile } };
}

/** How results and errors are written; it is known also when nothing else of the arguments can be read. */
export function formatOf(argv: readonly string[]): 'text' | 'json' {
  const end = argv.indexOf('--');
  const options = end === -1 ? argv : argv.slice(0, end);
  return options.includes('--json') ? 'json' : 'text';
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    if (!errorCode(error).startsWith('ERR_PARSE_ARGS')) throw error;
    throw new UsageError(String(Reflect.get(Object(error), 'message')));
  }
}

function readTask(
  [command, ...rest]: readonly string[],
  consent: Extract<Task, { command: 'clear' }>['consent'],
): Task {
  const [first] = rest;
  switch (command) {
    case undefined:
      throw new UsageError('There is no command');
    case 'explain':
      if (first === undefined || rest.length > 1) throw new UsageError('explain takes one key');
      return { command, key: first };
    case 'evict':
      if (first === undefined) throw new UsageError('evict takes one tag, or several');
      return { command, tags: rest };
    case 'stats':
    case 'clear':
      if (first !== undefined) throw new UsageError(`${command} takes no arguments, only options`);
      return command === 'stats' ? { command } : { command, consent };
    default:
      throw new UsageError('There is no such command');
  }
}

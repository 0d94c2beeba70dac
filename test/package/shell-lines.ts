import { existsSync } from 'node:fs';
import { readInvocation } from '../../lib/cli/invocation.js';
import type { Block } from './documents.js';

/** What a shell line of ours may speak of. */
export interface ShellNames {
  readonly variables: readonly string[];
  /** What npm may install or remove. */
  readonly packages: readonly string[];
  readonly scripts: readonly string[];
}

/** Programs that everybody has who reads such a line. */
const PROGRAMS = new Set(['redis-cli', 'xargs']);

/** What a `bash` block tells people to type, and that does not exist: one sentence each. */
export function unknownIn({ place, text }: Block, names: ShellNames): string[] {
  const commands = text.split('\n').flatMap((line) => line.replace(/(^|\s)#.*/, '').split('|'));
  return commands
    .flatMap((command) => unknownWords(command.trim().split(/\s+/), names))
    .map((word) => `${place}: ${word}`);
}

function unknownWords(words: readonly string[], names: ShellNames): readonly string[] {
  const start = words.findIndex((word) => !/^[A-Z][A-Z0-9_]*=/.test(word));
  const assigned = words.slice(0, start === -1 ? undefined : start).map((word) => word.split('=')[0] ?? '');
  const unknown = assigned.filter((name) => !names.variables.includes(name));
  if (start === -1) return unknown;
  return [...unknown, ...unknownCommand(words.slice(start), names)];
}

function unknownCommand([program = '', ...words]: readonly string[], names: ShellNames): readonly string[] {
  if (program === 'npm') return unknownToNpm(words, names);
  if (program === 'npx') return unknownToNpx(words);
  return program === '' || PROGRAMS.has(program) || existsSync(program) ? [] : [program];
}

function unknownToNpm([command = '', ...words]: readonly string[], names: ShellNames): readonly string[] {
  if (command === 'ci') return [];
  if (command === 'install' || command === 'uninstall') {
    return words.filter((word) => !names.packages.includes(word));
  }
  const script = command === 'run' ? (words[0] ?? '') : command;
  return names.scripts.includes(script) ? [] : [`npm ${command} ${script}`];
}

/** The program reads its own arguments: what it refuses is unknown. */
function unknownToNpx([program = '', ...words]: readonly string[]): readonly string[] {
  if (program !== 'spakky-cache') return [`npx ${program}`];
  try {
    readInvocation(words);
    return [];
  } catch (error) {
    return [`npx ${program} ${words.join(' ')}: ${String(error)}`];
  }
}

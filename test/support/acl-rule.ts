import { readFileSync } from 'node:fs';

/** The rule that README.md gives for a user who may do what a cache needs, and nothing else. */
export interface AclRule {
  readonly user: string;
  readonly password: string;
  /** Of the keys that it allows. */
  readonly prefix: string;
  /** The commands that it allows, in lower case. */
  readonly commands: readonly string[];
  /** The arguments of ACL, with some of the commands left out. */
  readonly argumentsWithout: (...commands: readonly string[]) => string[];
}

/** Reads the rule from the document itself, so that what is tested is what users copy. */
export function readAclRule(): AclRule {
  const [, text] = /`ACL (SETUSER [^`]+)`/.exec(readFileSync('README.md', 'utf8')) ?? [];
  if (text === undefined) throw new Error('README.md names no rule: `ACL SETUSER …`');
  const parts = text.split(' ');
  const [, user = ''] = parts;
  return {
    user,
    password: partAfter('>', parts),
    prefix: partAfter('~', parts).replace(/\*$/, ''),
    commands: parts.filter((part) => part.startsWith('+')).map((part) => part.slice(1)),
    argumentsWithout: (...commands) => parts.filter((part) => !commands.includes(part.replace(/^\+/, ''))),
  };
}

function partAfter(sign: string, parts: readonly string[]): string {
  const part = parts.find((candidate) => candidate.startsWith(sign));
  if (part === undefined) throw new Error(`The rule of README.md has no part that begins with ${sign}`);
  return part.slice(sign.length);
}

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

/** Where the rule is in README.md, and what it adds to that for servers of other kinds, and to wake who waits. */
const PLACES = {
  always: /`ACL (SETUSER [^`]+)`/,
  cluster: /In a cluster add `(\+[^`]+)`/,
  sentinel: /with Sentinel add `(\+[^`]+)`/,
  waking: /wake it at once, add `(&[^`]+)`/,
};

/** Reads the rule from the document itself, so that what is tested is what users copy. */
export function readAclRule(...additions: readonly ('cluster' | 'sentinel' | 'waking')[]): AclRule {
  const text = readFileSync('README.md', 'utf8');
  const places = [PLACES.always, ...additions.map((addition) => PLACES[addition])];
  const parts = places.flatMap((place) => find(place, text).split(' '));
  const [, user = ''] = parts;
  return {
    user,
    password: partAfter('>', parts),
    prefix: partAfter('~', parts).replace(/\*$/, ''),
    commands: parts.filter((part) => part.startsWith('+')).map((part) => part.slice(1)),
    argumentsWithout: (...commands) => parts.filter((part) => !commands.includes(part.replace(/^\+/, ''))),
  };
}

function find(place: RegExp, text: string): string {
  const [, found] = place.exec(text) ?? [];
  if (found === undefined) throw new Error(`README.md has nothing like ${place.source}`);
  return found;
}

function partAfter(sign: string, parts: readonly string[]): string {
  const part = parts.find((candidate) => candidate.startsWith(sign));
  if (part === undefined) throw new Error(`The rule of README.md has no part that begins with ${sign}`);
  return part.slice(sign.length);
}

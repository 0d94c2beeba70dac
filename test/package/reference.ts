import { readFileSync } from 'node:fs';

/** What is checked of a value or type that is part of the public surface, or of a member of one. */
export interface PublicThing {
  /** For a person: `@spakky/nestjs-redis-cache ICache.get`. */
  readonly place: string;
  /** The subpath that exports it, or what it is a member of. */
  readonly specifier: string;
  readonly kind: 'value' | 'type' | 'member';
  readonly summary: string;
  /** The parameters of what can be called, each with what is said of it. */
  readonly parameters: ReadonlyMap<string, string>;
  /** As they are written, fences included. */
  readonly examples: readonly string[];
}

/** Of a doc comment, in the JSON that typedoc writes. */
interface Comment {
  readonly summary: readonly { readonly text: string }[];
  readonly blockTags?: readonly {
    readonly tag: string;
    readonly content: readonly { readonly text: string }[];
  }[];
}

/** A node of the same JSON, as far as it is looked at. */
interface Reflection {
  readonly name: string;
  readonly kind: number;
  /** What is inherited from another package says what it does there. */
  readonly flags: { readonly isExternal?: boolean };
  readonly comment?: Comment;
  readonly children?: readonly Reflection[];
  readonly signatures?: readonly Reflection[];
  readonly getSignature?: Reflection;
  readonly parameters?: readonly Reflection[];
  readonly type?: { readonly declaration?: Reflection };
}

/** By the numbers of typedoc's `ReflectionKind`: variables, functions and classes. */
const VALUES: ReadonlySet<number> = new Set([32, 64, 128]);

/**
 * Reads what typedoc has found.
 *
 * @param file that `--json` has written
 */
export function readReference(file: string): PublicThing[] {
  const project: Reflection = JSON.parse(readFileSync(file, 'utf8'));
  return (project.children ?? []).flatMap(({ name: specifier, children = [] }) =>
    children.flatMap((exported) => [
      toThing(exported, specifier, exported.name, VALUES.has(exported.kind) ? 'value' : 'type'),
      ...membersOf(exported, specifier, exported.name),
    ]),
  );
}

function* membersOf(owner: Reflection, specifier: string, ownPath: string): Generator<PublicThing> {
  const { children = [], type } = owner;
  for (const member of [...children, ...(type?.declaration?.children ?? [])]) {
    if (member.flags.isExternal === true) continue;
    const path = `${ownPath}.${member.name}`;
    yield toThing(member, specifier, path, 'member');
    yield* membersOf(member, specifier, path);
  }
}

function toThing(
  reflection: Reflection,
  specifier: string,
  path: string,
  kind: PublicThing['kind'],
): PublicThing {
  const { signatures = [], getSignature, type } = reflection;
  const callable = [...signatures, ...(type?.declaration?.signatures ?? [])];
  const comments = [reflection, ...callable, getSignature].flatMap((part) => part?.comment ?? []);
  return {
    place: `${specifier} ${path}`,
    specifier,
    kind,
    summary: comments.map(({ summary }) => textOf(summary)).join(''),
    parameters: new Map(callable.flatMap(({ parameters = [] }) => parameters.map(toParameter))),
    examples: comments.flatMap(({ blockTags = [] }) =>
      blockTags.filter(({ tag }) => tag === '@example').map(({ content }) => textOf(content)),
    ),
  };
}

function toParameter({ name, comment }: Reflection): [string, string] {
  return [name, textOf(comment?.summary ?? [])];
}

function textOf(parts: readonly { readonly text: string }[]): string {
  return parts.map(({ text }) => text).join('');
}

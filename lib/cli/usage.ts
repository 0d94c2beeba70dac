/** What `--help` prints, and docs/cli.md shows. */
export const USAGE = `Usage: spakky-cache <command> [options]

Commands:
  explain KEY        what the cache knows about a key, and never its value
  stats              where the cache is, how the server does, what is under the prefix
  evict TAG...       removes every entry that carries one of the tags
  clear              removes every entry under the prefix, and asks before

Options:
  --name NAME        the cache of this name: its prefix is spakky:NAME: by default
  --prefix PREFIX    what the keys begin with, whatever else is configured
  --env-file PATH    a file of variables, in the place of .env in this folder
  --json             one line of JSON
  --yes              clear without asking
  --help             this text
  --version          the version of the package

It reaches the Redis of the application: by the variables SPAKKY_REDIS__* of the
process, then by those of .env. A key or a tag that begins with - comes after --.

It ends with 0 when all went well, 1 when the cache failed, 2 when it was called wrongly.`;

/** The program was called in a way that it does not know, or that would not be safe. */
export class UsageError extends Error {
  readonly code = 'USAGE';
}

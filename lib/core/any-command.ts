import type { BlockingOperation, Command } from './cache-store.js';

/** A command of one kind as one of any kind, to be told apart by its name: the compiler does not see that it is one. */
export function anyCommand<Op extends BlockingOperation>(command: Command<Op>): Command<BlockingOperation> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each kind is one of all
  return command as Command<BlockingOperation>;
}

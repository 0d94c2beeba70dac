import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/** Asks a question that only a clear yes answers with yes; the end of the input does not. */
export function ask(question: string, input: Readable, output: Writable): Promise<boolean> {
  // The terminal itself edits the line, and Ctrl-C ends the program.
  const lines = createInterface({ input, terminal: false });
  output.write(question);
  return new Promise((resolve) => {
    const onEnd = (): void => {
      output.write('\n');
      resolve(false);
    };
    lines.once('close', onEnd);
    lines.once('line', (line) => {
      lines.off('close', onEnd);
      lines.close();
      resolve(/^\s*y(?:es)?\s*$/i.test(line));
    });
  });
}

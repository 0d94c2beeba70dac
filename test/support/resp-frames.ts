const CR = 0x0d;

/** The types of RESP (2 and 3) that hold other replies, and how many for each one counted. */
const AGGREGATES: ReadonlyMap<string, number> = new Map([
  ['*', 1],
  ['~', 1],
  ['>', 1],
  ['%', 2],
]);

const BULKS: ReadonlySet<string> = new Set(['$', '=', '!']);

/**
 * Cuts a stream of RESP into whole commands, or whole replies, byte for byte.
 *
 * What is not RESP is cut at the ends of its lines, as Redis does with inline commands.
 */
export class RespSplitter {
  #chunks: Buffer[] = [];
  #length = 0;
  /** As long as fewer bytes are there, looking again finds nothing. */
  #needed = 1;

  /** Takes what arrived, and answers the frames that are complete with it. */
  push(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#length < this.#needed) return [];
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    const frames: Buffer[] = [];
    let start = 0;
    let end = endOfFrame(bytes, start);
    while (end <= bytes.length) {
      frames.push(bytes.subarray(start, end));
      start = end;
      end = endOfFrame(bytes, start);
    }
    const rest = bytes.subarray(start);
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#length = rest.length;
    this.#needed = end - start;
    return frames;
  }
}

/** The name of a command, in lower case. */
export function commandName(frame: Buffer): string {
  const head = frame.toString('latin1', 0, 100);
  const [, name = ''] = /^\*\d+\r\n\$\d+\r\n([^\r]*)\r\n/.exec(head) ?? /^(\S*)/.exec(head) ?? [];
  return name.toLowerCase();
}

/**
 * What a command does to which keys: the same for a command that is sent again, whatever mark or write id it has. Empty
 * for a command that may be sent any number of times.
 */
export function commandIdentity(frame: Buffer): string {
  const [name = '', ...parts] = wordsOf(frame);
  switch (name.toLowerCase()) {
    case 'get':
    case 'set':
      return [name, parts[0]].join(' ');
    case 'scan':
    case 'unlink':
      return [name, ...parts].join(' ');
    case 'eval':
      // The script, how many keys, and those.
      return [name, ...parts.slice(0, 2 + Number(parts[1]))].join(' ');
    default:
      return '';
  }
}

function wordsOf(frame: Buffer): readonly string[] {
  const bulks = new RespSplitter().push(afterLine(frame));
  return bulks.map((bulk) => afterLine(bulk).toString('latin1').slice(0, -2));
}

function afterLine(bytes: Buffer): Buffer {
  return bytes.subarray(endOfLine(bytes, 0));
}

/** Whether a reply answers no command: a push of RESP3. */
export function isPush(frame: Buffer): boolean {
  return frame.toString('latin1', 0, 1) === '>';
}

/** Where the frame that begins at `start` ends; past the bytes that are there, it ends no earlier than that. */
function endOfFrame(bytes: Buffer, start: number): number {
  const lineEnd = endOfLine(bytes, start);
  if (lineEnd > bytes.length) return lineEnd;
  const type = bytes.toString('latin1', start, start + 1);
  const perItem = AGGREGATES.get(type);
  if (perItem === undefined && !BULKS.has(type)) return lineEnd;
  const count = Number(bytes.toString('latin1', start + 1, lineEnd - 2));
  if (!(count >= 0)) return lineEnd; // null: $-1 or *-1
  if (perItem === undefined) return lineEnd + count + 2;
  let end = lineEnd;
  for (let item = 0; item < count * perItem && end <= bytes.length; item++) end = endOfFrame(bytes, end);
  return end;
}

function endOfLine(bytes: Buffer, start: number): number {
  const end = bytes.indexOf(CR, start);
  return end === -1 ? Math.max(bytes.length, start) + 1 : end + 2;
}

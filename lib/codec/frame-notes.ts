import { Buffer } from 'node:buffer';
import { damagedPayload } from './failures.js';
import { TOKEN_LENGTH } from './frame-layout.js';
import { readWord, writeWord } from './words.js';

/** What stands in a frame between its checksum and its body: most frames have none. */
export interface FrameNotes {
  /** How long the value took to load, in whole milliseconds. */
  readonly loadTime: number;
  /** Versions of tags: sixteen characters of one byte each. */
  readonly stamps?: ReadonlyMap<string, string>;
}

/** `n`, where a body would begin with the id of its codec. */
const MARK = 0x6e;
/** Mark, u32 load time, u16 number of stamps. */
const HEADER = 7;
/** Of a tag: its version, u16 length of its name. */
const STAMP_HEADER = TOKEN_LENGTH + 2;
const MOST_MILLISECONDS = 2 ** 32 - 1;

/** Bytes that notes take. */
export function notesLength(notes: FrameNotes | undefined): number {
  if (notes === undefined) return 0;
  let length = HEADER;
  for (const tag of notes.stamps?.keys() ?? []) length += STAMP_HEADER + Buffer.byteLength(tag);
  return length;
}

/** Writes notes to where {@link notesLength} bytes are free. */
export function writeNotes(frame: Buffer, start: number, { loadTime, stamps }: FrameNotes): void {
  frame[start] = MARK;
  writeWord(frame, start + 1, Math.min(loadTime, MOST_MILLISECONDS));
  frame.writeUInt16BE(stamps?.size ?? 0, start + 5);
  let at = start + HEADER;
  for (const [tag, version] of stamps ?? []) {
    frame.write(version, at, 'latin1');
    const length = frame.write(tag, at + STAMP_HEADER, 'utf8');
    frame.writeUInt16BE(length, at + TOKEN_LENGTH);
    at += STAMP_HEADER + length;
  }
}

/** Whether notes begin there. */
export function hasNotes(frame: Buffer, start: number): boolean {
  return frame[start] === MARK;
}

/**
 * Reads notes.
 *
 * @param frame whose checksum was found right
 * @param start where they begin
 * @param key for messages
 * @returns the notes, and where the body begins
 * @throws CacheSerializationError when they do not fit into the frame
 */
export function readNotes(frame: Buffer, start: number, key: string): [FrameNotes, number] {
  let at = start + HEADER;
  if (at > frame.length) throw damagedPayload(key, 'the notes are cut short');
  const count = frame.readUInt16BE(start + 5);
  const stamps = new Map<string, string>();
  for (let index = 0; index < count; index += 1) {
    if (at + STAMP_HEADER > frame.length) throw damagedPayload(key, 'the notes are cut short');
    const end = at + STAMP_HEADER + frame.readUInt16BE(at + TOKEN_LENGTH);
    if (end > frame.length) throw damagedPayload(key, 'the notes are cut short');
    stamps.set(
      frame.toString('utf8', at + STAMP_HEADER, end),
      frame.toString('latin1', at, at + TOKEN_LENGTH),
    );
    at = end;
  }
  const loadTime = readWord(frame, start + 1);
  return [count === 0 ? { loadTime } : { loadTime, stamps }, at];
}

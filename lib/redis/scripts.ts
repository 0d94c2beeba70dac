import { CHECKSUM_OFFSET, KIND, MAGIC, OFFSET, TIME_LENGTH } from '../codec/frame-layout.js';

/** What {@link REMOVE} found. */
export const REMOVED = { freshEntry: 1, nothingFresh: 0, foreign: -1 } as const;

/**
 * Empties one key, and answers the text that it was given beside one of {@link REMOVED}: no other command has that
 * answer. The clock is the server's.
 *
 * Errors are answered as they are (`pcall`): before Redis 7 a script that fails hides which error it was.
 *
 * It is sent whole each time: by its hash alone it might be unknown, and told to the server only after later writes
 * of the same key had overtaken it.
 */
export const REMOVE = `
local head = redis.pcall('GETRANGE', KEYS[1], 0, ${CHECKSUM_OFFSET.leasable - 1})
if type(head) == 'table' then return head end
if head == '' and redis.call('EXISTS', KEYS[1]) == 0 then return { ARGV[1], ${REMOVED.nothingFresh} } end
if string.sub(head, 1, 2) ~= string.char(${MAGIC.join(', ')}) then return { ARGV[1], ${REMOVED.foreign} } end
local removed = redis.pcall('UNLINK', KEYS[1])
if type(removed) == 'table' then return removed end
local kind = string.byte(head, ${OFFSET.kind + 1})
if kind == ${KIND.entry} then return { ARGV[1], ${REMOVED.freshEntry} } end
if kind ~= ${KIND.leasable} then return { ARGV[1], ${REMOVED.nothingFresh} } end
if #head < ${CHECKSUM_OFFSET.leasable} then return { ARGV[1], ${REMOVED.nothingFresh} } end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local freshUntil = struct.unpack('>I8', string.sub(head, ${OFFSET.freshUntil + 1}, ${OFFSET.freshUntil + TIME_LENGTH}))
return { ARGV[1], now < freshUntil and ${REMOVED.freshEntry} or ${REMOVED.nothingFresh} }
`;

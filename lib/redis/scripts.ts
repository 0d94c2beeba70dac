import {
  CHECKSUM_OFFSET,
  KIND,
  MAGIC,
  OFFSET,
  SLOT,
  TOKEN_LENGTH,
  WIRE_VERSION,
} from '../codec/frame-layout.js';
import { WRITE_ID_LENGTH } from '../codec/write-id.js';

/**
 * What scripts answer after their mark and the server's time: a word of these, and what belongs to it.
 *
 * Each script is one atomic step of one key (https://redis.io/docs/latest/develop/programmability/eval-intro/), is sent
 * whole each time (by its hash alone it might be unknown, and told to the server only after later writes of the same
 * key had overtaken it), and answers errors as they are (`pcall`: before Redis 7 a script that fails hides which error
 * it was). The mark of each request is answered by no other one. The clock is the server's.
 */
export const ANSWER = {
  yes: 1,
  no: 0,
  /** The key holds bytes of something else; nothing was changed. */
  foreign: -1,
  /** Milliseconds, write id: another one loads. */
  held: 2,
  /** Milliseconds: a refresh has failed. */
  paused: 3,
  /** The key holds something else than what was seen. */
  changed: 4,
} as const;

const HEAD = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local magic = string.char(${MAGIC.join(', ')})
local function part(text, from, length) return string.sub(text, from + 1, from + length) end
local function moment(text, from) return (struct.unpack('>I8', part(text, from, 8))) end
local function head(key)
  local found = redis.pcall('GETRANGE', key, 0, ${CHECKSUM_OFFSET.leasable - 1})
  if type(found) == 'string' and found == '' and redis.call('EXISTS', key) == 0 then return nil end
  return found
end
`;

/** What every script on one key begins with: `found` is what it holds, in `kind` and `id` what that is. */
const OF_ONE = `${HEAD}
local key, mark = KEYS[1], ARGV[1]
local function answer(...) return { mark, now, ... } end
local function done(reply, ...)
  if type(reply) == 'table' and reply.err then return reply end
  return answer(...)
end
local found = head(key)
local kind, id
if type(found) == 'table' then return found end
if found then
  if part(found, 0, 2) ~= magic then return answer(${ANSWER.foreign}) end
  kind, id = string.byte(found, ${OFFSET.kind + 1}), part(found, ${OFFSET.writeId}, ${WRITE_ID_LENGTH})
end
local function holds(token)
  return (kind == ${KIND.lease} or kind == ${KIND.leasable}) and part(found, ${OFFSET.token}, ${TOKEN_LENGTH}) == token
end
local function put(bytes, ttl)
  if ttl == '' then return redis.pcall('SET', key, bytes) end
  return redis.pcall('SET', key, bytes, 'PX', ttl)
end
local function bareLease(token, lease, id)
  local start = magic .. string.char(${WIRE_VERSION}, ${KIND.lease})
  return put(start .. id .. token .. struct.pack('>I8', now + lease), lease)
end
local function liveFor(lease)
  local left = redis.call('PTTL', key)
  if left >= 0 and left < tonumber(lease) then redis.call('PEXPIRE', key, lease) end
end
`;

/** Empties keys, one word for each; `yes` for a fresh entry. Of several keys each has an error of its own. */
export const REMOVE = `${HEAD}
local answers = { ARGV[1], now }
for index, key in ipairs(KEYS) do
  local found = head(key)
  local word = ${ANSWER.no}
  if type(found) == 'table' then
    if #KEYS == 1 then return found end
    word = found
  elseif found and part(found, 0, 2) ~= magic then word = ${ANSWER.foreign}
  elseif found then
    local removed = redis.pcall('UNLINK', key)
    local kind = string.byte(found, ${OFFSET.kind + 1})
    if type(removed) == 'table' then return removed end
    if kind == ${KIND.entry} then word = ${ANSWER.yes}
    elseif kind == ${KIND.leasable} and #found == ${CHECKSUM_OFFSET.leasable} and now < moment(found, ${OFFSET.freshUntil}) then
      word = ${ANSWER.yes}
    end
  end
  answers[index + 2] = word
end
return answers
`;

/** ARGV: mark, token, lease, write id seen or empty, write id to give. */
export const ACQUIRE = `${OF_ONE}
local token, lease, seen = ARGV[2], ARGV[3], ARGV[4]
local function carry()
  local carried = redis.pcall('SETRANGE', key, ${SLOT.start}, token .. struct.pack('>I8', now + lease))
  if type(carried) == 'number' then liveFor(lease) end
  return done(carried, ${ANSWER.yes})
end
if holds(token) then return carry() end
if not found then return done(bareLease(token, lease, ARGV[5]), ${ANSWER.yes}) end
if kind == ${KIND.lease} or kind == ${KIND.leasable} then
  local left = moment(found, ${OFFSET.leaseDeadline}) - now
  if left > 0 and holds(string.rep('\\0', ${TOKEN_LENGTH})) then return answer(${ANSWER.paused}, left) end
  if left > 0 then return answer(${ANSWER.held}, left, id) end
  if kind == ${KIND.lease} or now >= moment(found, ${OFFSET.dieAt}) then
    return done(bareLease(token, lease, ARGV[5]), ${ANSWER.yes})
  end
end
if id ~= seen then return answer(${ANSWER.changed}) end
if kind == ${KIND.entry} then return done(bareLease(token, lease, ARGV[5]), ${ANSWER.yes}) end
return carry()
`;

/** ARGV: mark, token, lease. */
export const RENEW = `${OF_ONE}
if not holds(ARGV[2]) then return answer(${ANSWER.no}) end
local renewed = redis.pcall('SETRANGE', key, ${OFFSET.leaseDeadline}, struct.pack('>I8', now + ARGV[3]))
if type(renewed) == 'number' then liveFor(ARGV[3]) end
return done(renewed, ${ANSWER.yes})
`;

/** ARGV: mark, token, frame, time to live or empty. */
export const FULFIL = `${OF_ONE}
if not holds(ARGV[2]) then return answer(${ANSWER.no}) end
return done(put(ARGV[3], ARGV[4]), ${ANSWER.yes})
`;

/** ARGV: mark, token, pause. */
export const RELEASE = `${OF_ONE}
if not holds(ARGV[2]) then return answer(${ANSWER.no}) end
local dieAt = kind == ${KIND.leasable} and moment(found, ${OFFSET.dieAt}) or now
if dieAt <= now then return done(redis.pcall('UNLINK', key), ${ANSWER.yes}) end
local pause = tonumber(ARGV[3])
local slot = string.rep('\\0', ${TOKEN_LENGTH}) .. struct.pack('>I8', pause > 0 and now + pause or 0)
local released = redis.pcall('SETRANGE', key, ${SLOT.start}, slot)
if type(released) == 'number' then redis.call('PEXPIREAT', key, dieAt) end
return done(released, ${ANSWER.yes})
`;

/** ARGV: mark, token, lease, write id to give; answers the write id that is there. */
export const BEGIN = `${OF_ONE}
if found then return answer(${ANSWER.yes}, id) end
return done(bareLease(ARGV[2], ARGV[3], ARGV[4]), ${ANSWER.yes}, ARGV[4])
`;

/** ARGV: mark, write id seen, frame, time to live or empty. */
export const SETTLE = `${OF_ONE}
if not found then return answer(${ANSWER.no}) end
if id == ARGV[2] then return done(put(ARGV[3], ARGV[4]), ${ANSWER.yes}) end
return done(redis.pcall('UNLINK', key), ${ANSWER.no})
`;

/** ARGV: mark, write id, write id to give in its place. */
export const KEEP = `${OF_ONE}
if not found then return answer(${ANSWER.no}) end
if id == ARGV[2] and kind ~= ${KIND.lease} then
  return done(redis.pcall('SETRANGE', key, ${OFFSET.writeId}, ARGV[3]), ${ANSWER.yes})
end
return done(redis.pcall('UNLINK', key), ${ANSWER.no})
`;

/** ARGV: mark, how long to live at least, a version to give to each key that has none; answers the version of each key. */
export const STAMP = `${HEAD}
local answers = { ARGV[1], now }
local need = tonumber(ARGV[2])
for index, key in ipairs(KEYS) do
  local version = redis.pcall('GET', key)
  if type(version) == 'table' then return version end
  if not version then
    version = ARGV[index + 2]
    local drawn = redis.pcall('SET', key, version, 'PX', 2 * need)
    if drawn.err then return drawn end
  else
    local left = redis.call('PTTL', key)
    if left >= 0 and left < need then redis.call('PEXPIRE', key, 2 * need) end
  end
  answers[index + 2] = version
end
return answers
`;

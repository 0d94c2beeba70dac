import type { Readable, Writable } from 'node:stream';
import type { RedisCache } from '../redis/redis-cache.js';
import type { RedisCacheLocation } from '../redis/redis-location.js';
import { ask } from './ask.js';
import { explanationTable } from './explanation-table.js';
import type { Task } from './invocation.js';
import { statsTable } from './stats-table.js';
import { printable } from './text.js';
import { UsageError } from './usage.js';

/** What came of a task, for a person and for a program. */
export interface Result {
  /** With a line end behind each line. */
  readonly text: string;
  readonly json: object;
}

/** Where a person can be asked. */
export interface Dialogue {
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly output: Writable;
}

/**
 * Does with a cache what it was asked for.
 *
 * @throws UsageError when nobody can be asked who should be
 * @throws SpakkyCacheError when the cache fails
 */
export function carryOut(task: Task, cache: RedisCache, dialogue: Dialogue): Promise<Result> {
  switch (task.command) {
    case 'explain':
      return explain(cache, task.key);
    case 'stats':
      return survey(cache);
    case 'evict':
      return evict(cache, task.tags);
    default:
      return clear(cache, task.consent, dialogue);
  }
}

async function explain(cache: RedisCache, key: string): Promise<Result> {
  const explanation = await cache.explain(key);
  return { text: explanationTable(explanation), json: explanation };
}

async function survey(cache: RedisCache): Promise<Result> {
  const { location } = cache;
  const stats = { location, ...(await cache.survey()), findings: await cache.inspectDeployment() };
  return { text: statsTable(stats), json: stats };
}

async function evict(cache: RedisCache, tags: readonly string[]): Promise<Result> {
  await cache.evictTags(...tags);
  const { location } = cache;
  const named = tags.map((tag) => JSON.stringify(tag)).join(', ');
  const text = `Evicted ${named} under "${location.prefix}" (${placeOf(location)}).`;
  return { text: `${printable(text)}\n`, json: { evicted: tags, location } };
}

async function clear(
  cache: RedisCache,
  consent: Extract<Task, { command: 'clear' }>['consent'],
  { input, output }: Dialogue,
): Promise<Result> {
  const { location } = cache;
  const what = `every entry under "${location.prefix}"`;
  if (consent === 'to be asked for') {
    if (input.isTTY !== true) throw new UsageError('Nobody can be asked here: clear needs --yes');
    const question = `${placeOf(location)}\nRemove ${what}? (y/N) `;
    const isConfirmed = await ask(printable(question), input, output);
    if (!isConfirmed) return { text: 'Nothing was removed.\n', json: { cleared: false, location } };
  }
  await cache.clear();
  const text = `Removed ${what} (${placeOf(location)}).`;
  return { text: `${printable(text)}\n`, json: { cleared: true, location } };
}

function placeOf({ address, db }: RedisCacheLocation): string {
  return `${address}, db ${db}`;
}

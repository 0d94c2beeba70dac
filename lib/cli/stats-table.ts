import type { RedisCacheLocation } from '../redis/redis-location.js';
import type { SurveyedKeys } from '../redis/key-tally.js';
import type { RedisCacheSurvey, SurveyedServer } from '../redis/survey.js';
import { type Row, sizeText, tableOf } from './text.js';

/** Where a cache is, how its servers do, and what was found. */
export interface Stats extends RedisCacheSurvey {
  readonly location: RedisCacheLocation;
  readonly findings: readonly string[];
}

/** The same for a person. */
export function statsTable({ location, servers, keys, findings }: Stats): string {
  return tableOf([
    ['address', location.address],
    ['database', String(location.db)],
    ['prefix', location.prefix],
    ['TLS', location.ssl ? 'yes' : 'no'],
    ...servers.flatMap(serverRows),
    ...keyRows(keys),
    ...findings.map((finding): Row => ['finding', finding]),
  ]);
}

function serverRows({ address, latency, software, ...memory }: SurveyedServer): readonly Row[] {
  const rows: Row[] = [['server', [address, software].filter((part) => part !== undefined).join(', ')]];
  rows.push(['  ping', `${latency.toFixed(2)}ms`]);
  if (memory.usedMemory !== undefined) rows.push(['  memory', memoryText(memory.usedMemory, memory)]);
  return rows;
}

function memoryText(
  used: number,
  { maxMemory, maxMemoryPolicy }: Pick<SurveyedServer, 'maxMemory' | 'maxMemoryPolicy'>,
): string {
  const limit = maxMemory === undefined || maxMemory === 0 ? 'no limit' : `limit ${sizeText(maxMemory)}`;
  return [sizeText(used), limit, ...(maxMemoryPolicy === undefined ? [] : [maxMemoryPolicy])].join(', ');
}

function keyRows({ entries, withoutEnd, bytes, ...others }: SurveyedKeys): readonly Row[] {
  const endless = withoutEnd === 0 ? '' : `, ${withoutEnd} of them without end`;
  const counts: readonly Row[] = [
    ['entries', `${entries}${endless}`],
    ['stale', String(others.stale)],
    ['leases', String(others.leases)],
    ['tags', String(others.tags)],
    ['unreadable', String(others.unreadable)],
    ...(others.moving === 0 ? [] : [['moving', String(others.moving)] as const]),
  ];
  return bytes === undefined ? counts : [...counts, ['values', sizeText(bytes)]];
}

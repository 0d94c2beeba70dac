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

function serverRows(server: SurveyedServer): readonly Row[] {
  const { address, software, latency } = server;
  return [
    ['server', software === undefined ? address : `${address}, ${software}`],
    ['  ping', `${latency.toFixed(2)}ms`],
    ...memoryRows(server),
  ];
}

function memoryRows({ usedMemory, maxMemory = 0, maxMemoryPolicy }: SurveyedServer): readonly Row[] {
  if (usedMemory === undefined) return [];
  const limit = maxMemory === 0 ? 'no limit' : `limit ${sizeText(maxMemory)}`;
  const parts = [sizeText(usedMemory), limit, maxMemoryPolicy].filter((part) => part !== undefined);
  return [['  memory', parts.join(', ')]];
}

function keyRows({ entries, withoutEnd, bytes, ...others }: SurveyedKeys): readonly Row[] {
  const endless = withoutEnd === 0 ? '' : `, ${withoutEnd} of them without end`;
  const counts: readonly Row[] = [
    ['entries', `${entries}${endless}`],
    ['stale', String(others.stale)],
    ['leases', String(others.leases)],
    ['tags', String(others.tags)],
    ['unreadable', String(others.unreadable)],
    ...countRow('moving', others.moving),
  ];
  return bytes === undefined ? counts : [...counts, ['values', sizeText(bytes)]];
}

/** Of what there mostly is none. */
function countRow(name: string, count: number): readonly Row[] {
  return count === 0 ? [] : [[name, String(count)]];
}

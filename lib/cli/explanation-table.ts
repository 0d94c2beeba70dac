import type {
  CacheExplanation,
  EntryExplanation,
  ExplainedLease,
  ExplainedTag,
  StaleExplanation,
} from '../contract/cache-explanation.js';
import { durationText, type Row, sizeText, tableOf } from './text.js';

/** What is known about a key, for a person. */
export function explanationTable(explanation: CacheExplanation): string {
  const { key, physicalKey } = explanation;
  return tableOf([['key', key], ['in Redis', physicalKey], ...rowsOf(explanation)]);
}

function rowsOf(explanation: CacheExplanation): readonly Row[] {
  switch (explanation.state) {
    case 'absent':
      return [['state', 'absent: the key holds nothing']];
    case 'lease':
      return [['state', 'lease: somebody is loading the value'], leaseRow(explanation.lease)];
    case 'unreadable':
      return [
        ['state', `unreadable: ${explanation.code}`],
        ['message', explanation.message],
      ];
    case 'stale': {
      const expired = `stale: its time to live ended ${durationText(explanation.expiredFor)} ago`;
      return [['state', expired], ...valueRows(explanation)];
    }
    default: {
      const state = explanation.hit ? 'entry: a hit' : 'entry: a miss, as a tag was evicted';
      return [['state', state], ['time to live', lifeText(explanation.ttl)], ...valueRows(explanation)];
    }
  }
}

function valueRows(value: EntryExplanation | StaleExplanation): readonly Row[] {
  const { size, codec, compression, age, goneIn, loadTime, lease, pausedFor, tags } = value;
  return [
    ['gone in', lifeText(goneIn)],
    ['size', sizeText(size)],
    ['codec', compression === undefined ? codec : `${codec}, ${compression}`],
    ...durationRow('age', age),
    ...durationRow('load time', loadTime),
    ...(lease === undefined ? [] : [leaseRow(lease)]),
    ...durationRow('paused for', pausedFor),
    ...tagRows(tags),
  ];
}

function lifeText(milliseconds: number | undefined): string {
  return milliseconds === undefined ? 'without end' : durationText(milliseconds);
}

function durationRow(name: string, milliseconds: number | undefined): readonly Row[] {
  return milliseconds === undefined ? [] : [[name, durationText(milliseconds)]];
}

function leaseRow({ holder, endsIn }: ExplainedLease): Row {
  return ['lease', `of ${holder}, ends in ${durationText(endsIn)}`];
}

function tagRows(tags: readonly ExplainedTag[]): readonly Row[] {
  if (tags.length === 0) return [['tags', 'none']];
  return tags.map(({ tag, matches }, index) => [
    index === 0 ? 'tags' : '',
    `${tag}: ${matches ? 'matches' : 'evicted'}`,
  ]);
}

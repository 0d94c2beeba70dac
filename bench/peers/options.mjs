// The arguments of `npm run bench`.
import process from 'node:process';
import { parseArgs } from 'node:util';
import { CASES } from './cases.mjs';
import { CONTESTANTS } from './contestants.mjs';
import { VALUES } from './values.mjs';

export const USAGE = `npm run bench -- [options]
  --cases ${Object.keys(CASES).join(',')}
  --values ${Object.keys(VALUES).join(',')}
  --concurrency 1,10,100,1000
  --contestants ${Object.keys(CONTESTANTS).join(',')}
  --rounds 7          at least so many; twice as many for what a bar depends on, eight times with one caller
  --milliseconds 100  how long one contestant has its turn
  --write             puts the whole run into docs/performance.md and docs/images
  --package dist/esm  the build that is measured as this package
  --profile <folder>  where each contestant leaves a profile of its processor time`;

export function readOptions() {
  const { values: given } = parseArgs({
    options: {
      cases: { type: 'string' },
      values: { type: 'string' },
      concurrency: { type: 'string' },
      contestants: { type: 'string' },
      rounds: { type: 'string', default: '7' },
      milliseconds: { type: 'string', default: '100' },
      write: { type: 'boolean', default: false },
      package: { type: 'string', default: 'dist/esm' },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (given.help) {
    console.log(USAGE);
    process.exit();
  }
  const options = {
    cases: namesOf('cases', given.cases, Object.keys(CASES)),
    values: namesOf('values', given.values, Object.keys(VALUES)),
    concurrency: given.concurrency?.split(',').map((text) => countOf('concurrency', text)),
    contestants: namesOf('contestants', given.contestants, Object.keys(CONTESTANTS)),
    rounds: countOf('rounds', given.rounds),
    milliseconds: countOf('milliseconds', given.milliseconds),
    write: given.write,
    package: given.package,
    profile: given.profile,
  };
  const { cases, values, concurrency, contestants } = options;
  const isWhole = [cases, values, concurrency, contestants].every((choice) => choice === undefined);
  if (options.write && !isWhole) throw new Error('--write needs the whole run: choose nothing');
  if (options.write && options.profile) throw new Error('--write and --profile: what is profiled is slower');
  return { ...options, isWhole };
}

function namesOf(option, text, known) {
  const names = text?.split(',');
  const unknown = names?.filter((name) => !known.includes(name)) ?? [];
  if (unknown.length > 0) throw new Error(`--${option} ${unknown.join(',')}: there is ${known.join(', ')}`);
  return names;
}

function countOf(option, text) {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new Error(`--${option} ${text}: expected a whole number above zero`);
}

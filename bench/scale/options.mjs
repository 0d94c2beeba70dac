// The arguments of `npm run bench:scale`.
import process from 'node:process';
import { parseArgs } from 'node:util';

const usage = (parts) => `npm run bench:scale -- [options] [parts]
  parts    ${Object.keys(parts).join(' ')} (all of them unless some are named)
  --quick  smaller numbers, less than a minute
  --write  puts the whole run into docs/performance.md`;

/** Which parts, and how. */
export function readOptions(parts) {
  const { values: given, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (given.help) {
    console.log(usage(parts));
    process.exit();
  }
  const unknown = positionals.filter((name) => !Object.hasOwn(parts, name));
  if (unknown.length > 0) throw new Error(`There is no ${unknown.join(', ')}\n${usage(parts)}`);
  const isWhole = positionals.length === 0 && !given.quick;
  if (given.write && !isWhole) throw new Error('--write needs the whole run: name no parts, and not --quick');
  const names = positionals.length === 0 ? Object.keys(parts) : positionals;
  return { names, quick: given.quick, write: given.write };
}

// The part of docs/performance.md that this benchmark measures.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { table } from './words.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const DOCUMENT = fileURLToPath(new URL('../../docs/performance.md', import.meta.url));
const BEGIN = '<!-- Measured by npm run bench:scale. -->';
const END = '<!-- The end of what npm run bench:scale measures. -->';

export function barSections(bars) {
  if (bars.length === 0) return [];
  const rows = bars.map(({ what, most, measured, isMet }) => [
    what,
    most,
    measured,
    isMet ? 'met' : 'not met',
  ]);
  return ['### What scale has to show', table(['what', 'at most', 'measured', 'verdict'], rows)];
}

/** Puts a whole run between the marks of the document. */
export function writeReport(sections) {
  const text = readFileSync(DOCUMENT, 'utf8');
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin)
    throw new Error(`${DOCUMENT} has lost the marks of what is measured at scale`);
  const measured = sections.join('\n\n');
  writeFileSync(DOCUMENT, `${text.slice(0, begin + BEGIN.length)}\n\n${measured}\n\n${text.slice(end)}`);
  const prettier = ['node_modules/prettier/bin/prettier.cjs', '--log-level', 'warn', '--write', DOCUMENT];
  execFileSync(process.execPath, prettier, { cwd: root });
}

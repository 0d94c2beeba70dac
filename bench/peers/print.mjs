// What the terminal shows.
import { CASES } from './cases.mjs';
import { CONTESTANTS } from './contestants.mjs';
import { compareRounds, quantile, summarize } from './statistics.mjs';
import { VALUES } from './values.mjs';
import { callers, hundredths } from './words.mjs';

export function printCell(cell, results) {
  const { kind, value, concurrency } = cell;
  console.log(`\n${CASES[kind].title}: ${VALUES[value].title}, ${callers(concurrency)}`);
  const beside = results['ioredis']?.perSecond;
  console.table(
    Object.fromEntries(
      Object.entries(results).map(([name, { perSecond, processor, server, latencies, allocated, kept }]) => {
        const speed = summarize(perSecond);
        const ratio = beside && compareRounds(perSecond, beside);
        const row = {
          'calls/s': Math.round(speed.median),
          quartiles: `${Math.round(speed.low)}–${Math.round(speed.high)}`,
          ...(ratio && { '× ioredis': Number(ratio.median.toFixed(2)) }),
          'p50 µs': round(quantile(latencies, 0.5) * 1_000),
          'p99 µs': round(quantile(latencies, 0.99) * 1_000),
          'CPU µs': round(quantile(processor, 0.5)),
          'Redis µs': round(quantile(server, 0.5)),
          ...(allocated !== undefined && {
            'B allocated': Math.round(allocated),
            'B kept': Math.round(kept),
          }),
        };
        return [CONTESTANTS[name].title, row];
      }),
    ),
  );
}

export function printLosses(value, losses) {
  for (const [name, loss] of Object.entries(losses)) {
    console.log(`\n${CONTESTANTS[name].title} was left out with ${VALUES[value].title}: ${loss}`);
  }
}

export function printImports(imports) {
  console.log('\nImport, in milliseconds');
  for (const { title, median, low, high } of imports) {
    console.log(`${median.toFixed(1).padStart(6)} (${low.toFixed(1)}–${high.toFixed(1)}) ${title}`);
  }
}

export function printBars(bars, { isWhole }) {
  const shown = bars.filter(({ verdict }) => isWhole || verdict !== 'not measured');
  if (shown.length === 0) return;
  console.log('\nWhat it has to show');
  for (const { who, where, beside, rival, ratio, least, verdict } of shown) {
    const what = `${CONTESTANTS[who].title}, ${CASES[where.kind].title}, ${VALUES[where.value].title}, ${callers(where.concurrency)}`;
    const measured = ratio === undefined ? '' : `: ${hundredths(ratio)} × ${CONTESTANTS[rival].title}`;
    console.log(`${verdict.toUpperCase().padEnd(12)} ${what}${measured}; at least ${least} × ${beside}`);
  }
}

function round(number) {
  return Number(number.toPrecision(3));
}

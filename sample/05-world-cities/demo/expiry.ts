import { setTimeout as delay } from 'node:timers/promises';
import { expectAnswer, showColumns } from './answers.js';
import type { KnownPlace } from './places.js';
import type { Stage } from './stage.js';

const SECONDS = 1;
const REYKJAVIK: KnownPlace = {
  name: 'Reykjavík',
  latitude: 64.1355,
  longitude: -21.8954,
  nearest: 'Reykjavík',
};

/** An entry ends with its time to live. */
export async function showExpiry({ report, applications: [one, other] }: Stage): Promise<void> {
  report.title(`2. An answer that is kept for ${SECONDS} s`);
  showColumns(report);
  await expectAnswer(report, one, REYKJAVIK, 'miss', SECONDS);
  await expectAnswer(report, other, REYKJAVIK, 'hit');
  await delay(SECONDS * 1_000);
  report.note(`  … ${SECONDS} s later`);
  await expectAnswer(report, other, REYKJAVIK, 'miss');
}

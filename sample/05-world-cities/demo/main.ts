// `npm run demo`: two applications in two processes share one cache over all the cities of the world.
// Everything that is shown is checked too; the program fails when anything differs.
import { showClearing } from './clearing.js';
import { showExpiry } from './expiry.js';
import { showOutage, showSilence } from './outages.js';
import { showSharing } from './sharing.js';
import { Stage } from './stage.js';

const stage = await Stage.setUp();
const { report, server } = stage;
try {
  report.title(
    `Which of the world's cities are nearest to here? (${server?.description ?? 'the configured Redis'})`,
  );
  await showSharing(stage);
  await showExpiry(stage);
  await showClearing(stage);
  if (server) {
    await showSilence(stage, server);
    await showOutage(stage, server);
  } else {
    report.title('Left out: the outages of Redis, because the configured server may serve others.');
    await stage.applications[0].forget();
  }
} catch (error) {
  report.check(false, `the demonstration broke off: ${error instanceof Error ? error.stack : String(error)}`);
} finally {
  await stage.tearDown();
}

report.title(
  report.failures === 0
    ? 'Everything is as it should be.'
    : `${report.failures} lines are not as they should be.`,
);
process.exitCode = report.failures === 0 ? 0 : 1;

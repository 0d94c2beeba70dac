import { setTimeout as delay } from 'node:timers/promises';
import type { RedisServer } from '../../../test/support/redis-server.js';
import type { ApplicationProcess } from './application-process.js';
import { AMSTERDAM } from './places.js';
import { SOCKET_TIMEOUT, type Stage } from './stage.js';

/** The deadline and its grace, and what HTTP takes. */
const LONGEST_ANSWER = SOCKET_TIMEOUT * 1_100 + 200;
const LONGEST_RECOVERY = 2_000;

/** Redis accepts connections and answers nothing: the deadline decides. */
export async function showSilence(stage: Stage, server: RedisServer): Promise<void> {
  const [one] = stage.applications;
  stage.report.title(`4. Redis falls silent (frozen); the deadline of an operation is ${SOCKET_TIMEOUT} s`);
  await server.freeze();
  try {
    await expectFailure(stage, one, ['REDIS_TIMEOUT']);
  } finally {
    await server.resume();
  }
  await expectRecovery(stage, one, performance.now());
}

/** Redis is gone, and comes back at the same port: the applications go on without a restart. */
export async function showOutage(stage: Stage, server: RedisServer): Promise<void> {
  const { report, applications } = stage;
  report.title('5. Redis is killed, and comes back empty at the same port');
  await server.kill();
  for (const application of applications) {
    await expectFailure(stage, application, ['REDIS_UNREACHABLE', 'REDIS_CONNECTION_LOST']);
  }
  await server.restart();
  const restartedAt = performance.now();
  await Promise.all(applications.map((application) => expectRecovery(stage, application, restartedAt)));
  await checkLog(stage);
}

/** Process B lost its connection only once: while Redis was silent, it asked for nothing. */
async function checkLog({ report, applications: [, other] }: Stage): Promise<void> {
  // What a process writes may arrive a little later than what it answers.
  await delay(100);
  const lines = other.cacheLog;
  for (const line of lines) report.note(`  process ${other.name} logged: ${line}`);
  report.check(lines.length === 2, `${lines.length} lines of log: the connection lost, and restored`);
}

async function expectFailure(
  { report }: Stage,
  application: ApplicationProcess,
  codes: readonly string[],
): Promise<void> {
  const reply = await application.ask(AMSTERDAM);
  const code = 'code' in reply ? reply.code : 'an answer';
  report.check(
    reply.status === 503 && codes.includes(code) && reply.milliseconds <= LONGEST_ANSWER,
    `process ${application.name} answers HTTP ${reply.status} with ${code}, after ${reply.milliseconds.toFixed(1)} ms`,
  );
}

async function expectRecovery(stage: Stage, application: ApplicationProcess, since: number): Promise<void> {
  const end = since + 2 * LONGEST_RECOVERY;
  let reply = await application.ask(AMSTERDAM);
  while (reply.status !== 200 && performance.now() < end) {
    await delay(20);
    reply = await application.ask(AMSTERDAM);
  }
  const took = performance.now() - since;
  stage.report.check(
    reply.status === 200 && took <= LONGEST_RECOVERY,
    `process ${application.name} (pid ${application.pid}, never restarted) answers HTTP ${reply.status} ` +
      `${took.toFixed(0)} ms after Redis is back`,
  );
}

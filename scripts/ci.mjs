// Runs every check, the failed ones included in the count, and ends with one line: `123 passed, 0 failed`.
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Each counts as one, beside the tests. Another check is another line. */
const checks = [
  ['run', 'typecheck'],
  ['run', 'lint'],
  ['run', 'format:check'],
  ['run', 'check:package'],
];
/** These measure times as well: each has the machine for itself. */
const trials = [
  ['run', '--if-present', 'demo'],
  // A minute, and a seed that is always the same, unless it is told otherwise.
  ['run', 'chaos'],
];

const testCount = runTests();
// The tests have built what the others would build again.
process.env.SPAKKY_IS_BUILT = 'yes';
const checked = await Promise.all(checks.map(runNpmBeside));
const results = [...checked, ...trials.map((args) => ({ name: args.at(-1), passed: runNpm(args) }))];
const passedChecks = results.filter(({ passed }) => passed).length;
const passed = testCount.passed + passedChecks;
const failed = testCount.failed + results.length - passedChecks;

console.log(`\ntests: ${testCount.passed} passed, ${testCount.failed} failed`);
for (const result of results) console.log(`${result.name}: ${result.passed ? 'passed' : 'failed'}`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function runNpm(args) {
  console.log(`\n── npm ${args.join(' ')}`);
  const { status } = spawnSync('npm', args, { stdio: 'inherit' });
  return status === 0;
}

/** Keeps what is printed until the end: others print at the same time. */
function runNpmBeside(args) {
  return new Promise((resolve) => {
    execFile('npm', args, { maxBuffer: Infinity }, (error, output, complaints) => {
      console.log(`\n── npm ${args.join(' ')}\n${output}${complaints}`);
      resolve({ name: args.at(-1), passed: error === null });
    });
  });
}

function runTests() {
  const folder = mkdtempSync(join(tmpdir(), 'spakky-ci-'));
  const report = join(folder, 'tests.json');
  const succeeded = runNpm(['test', '--', '--ci', '--coverage', '--json', `--outputFile=${report}`]);
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = readReport(report);
  rmSync(folder, { recursive: true });
  const failures = numFailedTests + numRuntimeErrorTestSuites;
  // A run without tests, or one that failed beside them (coverage too low, a server left behind), is a failure too.
  const isClean = succeeded && numPassedTests > 0;
  return { passed: numPassedTests, failed: isClean ? failures : Math.max(failures, 1) };
}

/** Jest writes no report when it cannot even start. */
function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { numPassedTests: 0, numFailedTests: 0, numRuntimeErrorTestSuites: 0 };
  }
}

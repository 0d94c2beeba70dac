import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { SpakkyCacheError } from '../../lib/contract/errors.js';
import type { FaultCase } from '../support/fault-cases.js';
import { type Attempt, type FaultObservation, observeFault } from '../support/fault-observation.js';
import { PASSWORD } from '../support/fault-stage.js';
import { warningsDuring } from '../support/host-process.js';
import { SCOPED_OPERATIONS, VALUE } from '../support/operations.js';
import { proxyFaultCases } from '../support/proxy-fault-cases.js';
import { useRedisServer } from '../support/redis-fixture.js';
import { millisecondsOf, readReport, rowOf, writeReport } from '../support/reliability-report.js';
import { secretsIn } from '../support/secret-search.js';
import { SERVER_FAULT_CASES } from '../support/server-fault-cases.js';
import { verdictFor } from '../support/verdicts.js';

jest.setTimeout(30_000);

/** The socket timeout of these tests, and what "within the deadline" allows on top. */
const T = 300;
const WITHIN = Math.max(T * 1.1, T + 50);

/** What "at once" allows. */
const AT_ONCE = 50;

/** How long a cache may take to work again, if its fault does not say otherwise. */
const RECOVERY = 2_000;

const REPORT = 'docs/reliability.md';
const isWriting = process.env['SPAKKY_TEST_WRITE_RELIABILITY'] !== undefined;

const FAULTS: readonly FaultCase[] = [...proxyFaultCases(T), ...SERVER_FAULT_CASES];

const redis = useRedisServer({ password: PASSWORD });
const observations = new Map<FaultCase, Promise<FaultObservation>>();
const logged: string[] = [];
const warnings: Error[] = [];

/** Every fault is brought about once, and looked at by several tests. */
function observed(fault: FaultCase): Promise<FaultObservation> {
  const known = observations.get(fault) ?? observe(fault);
  observations.set(fault, known);
  return known;
}

async function observe(fault: FaultCase): Promise<FaultObservation> {
  const observation = observeFault(fault, {
    shared: redis.server,
    socketTimeout: T,
    withPlainClient: isWriting,
  });
  warnings.push(...(await warningsDuring(() => observation)));
  return observation;
}

function record(...parts: readonly unknown[]): void {
  logged.push(inspect(parts, { depth: 10, showHidden: true }));
}

beforeAll(() => {
  Logger.overrideLogger({ log: record, warn: record, error: record, debug: record, verbose: record });
  // What takes long goes on beside the others.
  for (const fault of FAULTS) if (fault.recovery !== undefined) void observed(fault);
});

afterAll(() => {
  Logger.overrideLogger(true);
});

describe.each(FAULTS)('When $name', (fault) => {
  const { id, stage, first, later, heal, recovery = RECOVERY } = fault;

  it.each(SCOPED_OPERATIONS.map((operation) => ({ operation, verdict: verdictFor(first, operation) })))(
    `${id} $operation.name: $verdict, within the deadline`,
    async ({ operation, verdict }) => {
      const { first: attempts } = await observed(fault);
      const attempt = attempts.find((candidate) => candidate.operation === operation);
      expect(attempt).toMatchObject({ verdict, milliseconds: expect.any(Number) });
      expect(attempt?.milliseconds).toBeLessThan(WITHIN);
      if (verdict !== 'works') expectTypedErrors(attempt);
    },
  );

  it('A05 asks the origin when Redis has let it be asked, and then once', async () => {
    for (const { operation, verdict, calls } of (await observed(fault)).first) {
      expect([operation.name, calls]).toEqual([operation.name, asksOrigin(verdict) ? operation.calls : 0]);
    }
  });

  if (stage.reach === 'proxy') {
    it('A15 sends no command twice', async () => {
      expect((await observed(fault)).repeated).toEqual([]);
    });
  }

  if (later !== undefined) {
    it(`${id} every operation fails at once while that is known`, async () => {
      for (const attempt of (await observed(fault)).later) {
        expect(attempt).toMatchObject({ verdict: verdictFor(later, attempt.operation) });
        expect(attempt.milliseconds).toBeLessThan(AT_ONCE);
        expectTypedErrors(attempt);
        expect(attempt.calls).toBe(0);
      }
    });
  }

  if (heal !== undefined) {
    it(`A14 every operation works again within ${recovery / 1_000} s of its end, by itself`, async () => {
      const { recovered } = await observed(fault);
      expect(recovered.map(({ verdict }) => verdict)).toEqual(SCOPED_OPERATIONS.map(() => 'works'));
      expect(Math.max(...recovered.map(({ milliseconds }) => milliseconds))).toBeLessThan(recovery);
    });
  }

  if (!isWriting) {
    it('is told in the documentation as it is', async () => {
      const row = rowOf(fault, await observed(fault));
      const told = readReport(REPORT).find((candidate) => candidate.fault === fault.name);
      expect(told).toMatchObject({ first: row.first, later: row.later });
      expect(millisecondsOf(told?.worst ?? '')).toBeLessThan(WITHIN);
      expect(millisecondsOf(told?.recovery ?? '') ?? 0).toBeLessThan(recovery);
    });
  }
});

describe('All these faults together', () => {
  it('A08 show neither the password nor a value, in any error, cause, log line or warning', async () => {
    const seen: unknown[] = [];
    for (const fault of FAULTS) seen.push(...(await observed(fault)).errors);
    expect(seen.length).toBeGreaterThan(FAULTS.length * 10);
    expect(logged.length).toBeGreaterThan(FAULTS.length);
    expect(secretsIn([...seen, ...logged, ...warnings], [PASSWORD, VALUE])).toEqual([]);
    // That it would be found:
    const careless = new Error('outer', { cause: { command: { args: [Buffer.from(VALUE)] } } });
    expect(secretsIn([careless, `AUTH ${PASSWORD}`], [PASSWORD, VALUE])).toEqual([PASSWORD, VALUE]);
  }, 120_000);

  it('make the process warn of nothing', async () => {
    for (const fault of FAULTS) await observed(fault);
    expect(warnings).toEqual([]);
    expect(await warningsDuring(async () => process.emitWarning('heard'))).toHaveLength(1);
  }, 120_000);

  it('are the table of the documentation, and in its order', async () => {
    if (isWriting) {
      const rows = [];
      for (const fault of FAULTS) rows.push(rowOf(fault, await observed(fault)));
      writeReport(REPORT, rows);
    }
    expect(readReport(REPORT).map(({ fault }) => fault)).toEqual(FAULTS.map(({ name }) => name));
  }, 120_000);
});

/** With these the origin was written before the cache failed; with every other code the cache failed first. */
function asksOrigin(verdict: string): boolean {
  return verdict === 'works' || verdict === 'CACHE_WRITE_OUTDATED';
}

function expectTypedErrors(attempt: Attempt | undefined): void {
  expect(attempt?.errors).not.toEqual([]);
  for (const error of attempt?.errors ?? []) {
    expect(error).toBeInstanceOf(SpakkyCacheError);
    expect(error).toHaveProperty('cause.message', expect.stringMatching(/./));
  }
}

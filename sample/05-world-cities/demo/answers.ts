import type { ApplicationProcess, Reply } from './application-process.js';
import type { KnownPlace } from './places.js';
import type { Report } from './report.js';

/** Names the columns of the rows that follow. */
export function showColumns(report: Report): void {
  report.note(`  ${row('process', 'from', 'latitude, longitude', 'result', 'time', 'nearest city')}`);
}

/**
 * Asks an application for the nearest cities, and shows its answer as a row.
 *
 * @param keepFor how long the answer is to be kept, in seconds
 * @returns how long it took, in milliseconds
 */
export async function expectAnswer(
  report: Report,
  application: ApplicationProcess,
  place: KnownPlace,
  expected: 'hit' | 'miss',
  keepFor?: number,
): Promise<number> {
  const reply = await application.ask(place, keepFor);
  const { result, nearest, answer } = describe(reply);
  report.check(
    result === expected && nearest === place.nearest,
    row(
      application.name,
      place.name,
      `${place.latitude}, ${place.longitude}`,
      result,
      `${reply.milliseconds.toFixed(1)} ms`,
      answer,
    ),
  );
  return reply.milliseconds;
}

function describe(reply: Reply): { result: string; nearest?: string; answer: string } {
  if (!('hit' in reply)) return { result: String(reply.status), answer: reply.code };
  const result = reply.hit ? 'hit' : 'miss';
  const [city] = reply.cities;
  if (!city) return { result, answer: 'no city' };
  return {
    result,
    nearest: city.name,
    answer: `${city.name}, ${city.country}, ${city.kilometres.toFixed(1)} km`,
  };
}

function row(
  process: string,
  from: string,
  place: string,
  result: string,
  time: string,
  answer: string,
): string {
  const cells = [process.padEnd(7), from.padEnd(10), place.padStart(19), result.padEnd(6), time.padStart(9)];
  return [...cells, answer].join('  ');
}

import { EventEmitter } from 'node:events';
import { runInThisContext } from 'node:vm';

/**
 * Collects the warnings that the process emits while the action runs (a leak of listeners, say).
 *
 * Jest gives tests a copy of `process` on which no event ever fires: this listens to the real one. (An unhandled
 * rejection needs no listener: Jest fails the test.)
 */
export async function warningsDuring(action: () => Promise<unknown>): Promise<readonly Error[]> {
  const host: unknown = runInThisContext('process');
  if (!(host instanceof EventEmitter)) throw new Error('There is no process to listen to');
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => void warnings.push(warning);
  host.on('warning', onWarning);
  try {
    await action();
    // They are emitted a tick later.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  } finally {
    host.off('warning', onWarning);
  }
  return warnings;
}

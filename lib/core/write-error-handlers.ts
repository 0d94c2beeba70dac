import type { CacheWriteErrorHandler } from '../contract/capabilities.js';
import { CacheWriteError } from '../contract/write-error.js';

/**
 * Where warnings go; Nest's `Logger` is one.
 *
 * @inline
 */
export interface WarningLog {
  /**
   * Told of what has failed in the background.
   *
   * @param message one sentence, without values
   */
  warn(message: string): void;
}

/** Tells what fails in the background where the application has said nothing: in the log, or as a warning of the process. */
export function loudWriteErrors(log: WarningLog = { warn: warnProcess }): CacheWriteErrorHandler {
  return (error, { key, attempts }) => {
    log.warn(sentenceAbout(error, key, attempts));
  };
}

/** Lets nothing that a handler does reach the work in the background: what it throws or rejects with is a warning. */
export function contained(handler: CacheWriteErrorHandler): CacheWriteErrorHandler {
  return (error, write) => {
    void callContained(handler, error, write);
  };
}

async function callContained(...[handler, error, write]: HandlerCall): Promise<void> {
  try {
    // It may be an async function all the same.
    const answer: unknown = handler(error, write);
    await answer;
  } catch (failure) {
    warnProcess(
      `onWriteError itself failed with ${nameOf(failure)} when it was told: ` +
        sentenceAbout(error, write.key, write.attempts),
    );
  }
}

type HandlerCall = [CacheWriteErrorHandler, ...Parameters<CacheWriteErrorHandler>];

/** Neither a value nor a message that could quote one. */
function sentenceAbout(error: unknown, key: string, attempts: number): string {
  if (error instanceof CacheWriteError) return `${error.code}: ${error.message}`;
  return (
    `The origin of ${JSON.stringify(key)} was not written: its writer failed ${attempts} times, ` +
    `the last time with ${nameOf(error)}. Its entry is removed; pass onWriteError to learn more and to keep the value.`
  );
}

function nameOf(error: unknown): string {
  try {
    if (!(error instanceof Error)) return `something of type ${typeof error}`;
    return 'code' in error && typeof error.code === 'string' ? `${error.name} (${error.code})` : error.name;
  } catch {
    return 'an error that cannot be read';
  }
}

function warnProcess(message: string): void {
  process.emitWarning(message, { type: 'CacheWriteWarning' });
}

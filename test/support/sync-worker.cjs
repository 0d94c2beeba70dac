// A worker of the blocking path whose store does what the test wants.
const { workerData } = require('node:worker_threads');
const { setTimeout: delay } = require('node:timers/promises');
const { announceEnd, serveCommands } = require('../../dist/cjs/sync/serve-commands.js');

const { settings, port, cells } = workerData;
process.on('exit', () => announceEnd(cells));

const deeds = {
  answer: async () => ['anything'],
  takeLong: async () => delay(settings.milliseconds, ['late']),
  fail: () => Promise.reject(new TypeError('a bug')),
  hang: () => new Promise(() => undefined),
  exit: () => process.exit(3),
  spin: () => {
    for (;;);
  },
};

const store = { execute: ({ prefix }) => deeds[prefix]() };
if (settings.startsAfter > 0)
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, settings.startsAfter);
if (settings.startsAfter >= 0) serveCommands(store, port, cells);

// What a worker process runs: it does what it is told over the channel to its parent, and ends when that is closed.
import type { Answers, Message, Order, OrderKind } from './protocol.js';
import { Worker } from './worker.js';

let worker: Worker | undefined;
let isClosed = false;
const early: string[] = [];

process.on('uncaughtException', (error, origin) =>
  blame('unhandled', `${origin}: ${error.stack ?? String(error)}`),
);
process.on('unhandledRejection', (reason) => blame('unhandled', `unhandledRejection: ${describe(reason)}`));
process.on('warning', (warning) => {
  if (warning.name !== 'ExperimentalWarning') blame('warning', `${warning.name}: ${warning.message}`);
});
process.on('message', (message: Message<Order>) => {
  void obey(message.body).then((body) => process.send?.({ id: message.id, body }));
});

// The parent hangs up at the end. When it does so before, it has died, and nobody will close the caches.
process.on('disconnect', () => {
  if (!isClosed) process.exit(1);
});

async function obey(order: Order): Promise<Answers[OrderKind]> {
  if (order.kind === 'begin') {
    worker = new Worker(order.setup);
    for (const details of early.splice(0)) blame('unhandled', details);
    return null;
  }
  if (worker === undefined) throw new Error('The first order is to begin');
  switch (order.kind) {
    case 'weather':
      worker.setWeather(order.stage, order.weather);
      return null;
    case 'recover':
      return worker.recover(order.stage, order.since);
    case 'rest':
      return worker.rest();
    case 'resume':
      worker.resume();
      return null;
    default:
      isClosed = true;
      return worker.close();
  }
}

function blame(kind: 'unhandled' | 'warning', details: string): void {
  if (worker === undefined) early.push(details);
  else worker.tally.blame(kind, '', '', details);
}

function describe(reason: unknown): string {
  return reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
}

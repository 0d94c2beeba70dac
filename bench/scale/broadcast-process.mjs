// Bare connections to which Redis tells of every write under a prefix, as other near tiers ask it to
// (https://redis.io/docs/latest/develop/reference/client-side-caching/).
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { serve } from './serve.mjs';

let sockets = [];
const told = { bytes: 0 };

async function follow({ host, port, prefix }) {
  const socket = connect(port, host);
  await once(socket, 'connect');
  socket.write('CLIENT ID\r\n');
  const [reply] = await once(socket, 'data');
  const id = /^:(\d+)/.exec(String(reply))?.[1];
  socket.write(
    `CLIENT TRACKING ON REDIRECT ${id} BCAST PREFIX ${prefix}\r\nSUBSCRIBE __redis__:invalidate\r\n`,
  );
  let answer = '';
  while (!answer.endsWith(':1\r\n')) answer += String(...(await once(socket, 'data')));
  if (!answer.startsWith('+OK')) throw new Error(`Redis does not broadcast: ${answer}`);
  socket.on('data', (data) => (told.bytes += data.length));
  return socket;
}

serve({
  async open({ connections, ...place }) {
    for (let index = 0; index < connections; index += 1) sockets.push(await follow(place));
  },

  /** Waits until each connection was told of all these keys. */
  async untilTold({ keys }) {
    const isNotYet = (least) => told.bytes < least;
    const least = keys.reduce((sum, key) => sum + Buffer.byteLength(key), 0) * sockets.length;
    const patience = performance.now() + 10_000;
    while (isNotYet(least)) {
      if (performance.now() > patience) throw new Error(`${told.bytes} bytes were told of ${least}`);
      await delay(2);
    }
    told.bytes = 0;
    return true;
  },

  close() {
    for (const socket of sockets) socket.destroy();
    sockets = [];
    told.bytes = 0;
  },
});

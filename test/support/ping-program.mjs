// Another client of a server: it asks one PING after the other, and tells its parent the longest time that one took, and how many were answered.
import { connect } from 'node:net';

const [, , host, port] = process.argv;
const socket = connect(Number(port), host);
let askedAt = 0;
let worst = 0;
let count = 0;

function ask() {
  askedAt = performance.now();
  socket.write('PING\r\n');
}

socket.setNoDelay(true);
socket.on('data', () => {
  count += 1;
  worst = Math.max(worst, performance.now() - askedAt);
  setTimeout(ask, 1);
});
socket.once('connect', () => {
  ask();
  process.send('asking');
});
process.on('message', () => process.send([worst, count]));
process.on('disconnect', () => process.exit());

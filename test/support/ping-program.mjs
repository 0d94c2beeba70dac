// Another client of a server: it asks one PING after the other, and tells its parent the longest time that one took.
import { connect } from 'node:net';

const [, , host, port] = process.argv;
const socket = connect(Number(port), host);
let askedAt = 0;
let worst = 0;

function ask() {
  askedAt = performance.now();
  socket.write('PING\r\n');
}

socket.setNoDelay(true);
socket.on('data', () => {
  worst = Math.max(worst, performance.now() - askedAt);
  setTimeout(ask, 1);
});
socket.once('connect', () => {
  ask();
  process.send('asking');
});
process.on('message', () => process.send(worst));
process.on('disconnect', () => process.exit());

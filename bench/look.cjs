// The least that a command of Node can do to know that nothing changed: asks the engine for its three lists over a bare
// socket, and ends. `node bench/look.cjs SOCKET`
const { connect } = require('node:net');

const lists = ['containers/json?all=true', 'volumes/json', 'images/json'];
let left = lists.length;
for (const path of lists) {
  const socket = connect(process.argv[2], () => socket.write(`GET /v4.0.0/libpod/${path} HTTP/1.0\r\n\r\n`));
  socket.resume().once('end', () => {
    left -= 1;
    if (left === 0) process.exit(0);
  });
}

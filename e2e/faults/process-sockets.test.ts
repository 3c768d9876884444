import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { countSockets } from './process-sockets.ts';

test.runIf(process.platform === 'linux')(
  'sockets to a port are counted, also when its end has hung up',
  async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    expect(countSockets(process.pid, port)).toBe(0);

    const sockets = [
      connect({ port, allowHalfOpen: true }),
      connect({ port, allowHalfOpen: true }),
    ];
    server.on('connection', (other) => other.end());
    await Promise.all(sockets.map((socket) => once(socket.resume(), 'end')));

    expect(countSockets(process.pid, port)).toBe(2);
    for (const socket of sockets) socket.destroy();
    server.close();
  },
);

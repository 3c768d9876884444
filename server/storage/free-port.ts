import { createServer } from 'node:net';

/** The wanted port of 127.0.0.1 when nobody listens there, else one that the system picks. */
export async function findFreePort(wanted = 0): Promise<number> {
  return (await tryPort(wanted)) ?? (await tryPort(0)) ?? failToFind();
}

function failToFind(): never {
  throw new Error('This machine has no free TCP port on 127.0.0.1.');
}

function tryPort(port: number): Promise<number | undefined> {
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  const server = createServer();
  server.once('error', () => {
    resolve(undefined);
  });
  server.listen(port, '127.0.0.1', () => {
    const address = server.address();
    server.close(() => {
      resolve(typeof address === 'object' && address ? address.port : undefined);
    });
  });
  return promise;
}

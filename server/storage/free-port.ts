import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below what systems give to outgoing connections (Linux from 32,768, others from 49,152): such a connection of any program could
 * take the port while Postgres is restarted, and keep it for hours.
 */
const LISTENING_PORTS = { from: 20_000, before: 32_768 } as const;
const DRAWS = 20;

/** The wanted port of 127.0.0.1 when nobody listens there, else one that no outgoing connection takes. */
export async function findFreePort(wanted?: number): Promise<number> {
  const kept = wanted === undefined ? undefined : await tryPort(wanted);
  if (kept !== undefined) return kept;
  for (let draw = 0; draw < DRAWS; draw += 1) {
    const port = await tryPort(randomInt(LISTENING_PORTS.from, LISTENING_PORTS.before));
    if (port !== undefined) return port;
  }
  return (await tryPort(0)) ?? failToFind();
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

import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { findFreePort } from './free-port.ts';

const OUTGOING_FROM = 32_768;

test('the port of the last start is kept while nobody else listens there', async () => {
  const port = await findFreePort();

  expect(await findFreePort(port)).toBe(port);
});

test('a port that is taken is left to whoever has it', async () => {
  const port = await findFreePort();
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));

  const found = await findFreePort(port);

  other.close();
  expect(found).not.toBe(port);
  expect(found).toBeLessThan(OUTGOING_FROM);
});

test('a new port is none that the system would give to an outgoing connection', async () => {
  for (let i = 0; i < 20; i += 1) expect(await findFreePort()).toBeLessThan(OUTGOING_FROM);
});

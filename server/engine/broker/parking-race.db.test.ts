import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createTestBroker,
  indexOf,
  never,
  quickSettings,
  type TestBroker,
  until,
} from '#server/testing/test-broker.ts';

let kit: TestBroker;
beforeAll(async () => {
  kit = await createTestBroker();
});
afterAll(() => kit.drop());

/** Longer than parked events wait to be stored. */
const SLOW_DELETE = `
  CREATE FUNCTION delete_slowly() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_sleep(0.6); RETURN NULL; END $$;
  CREATE TRIGGER slow_delete BEFORE DELETE ON retries FOR EACH STATEMENT EXECUTE FUNCTION delete_slowly()`;

test('an event that is parked while the one before it is settled is not forgotten', async () => {
  const opened = await kit.open('race');
  const { broker } = opened;
  await broker.put('careful', quickSettings({ filter: { topics: ['race'] } }), 'test');
  await kit.publish('race', ['k']);
  const receive = () => broker.receive('careful', { max: 10, waitMs: 2_000 }, never);
  const refused = (await receive())[0];
  const error = { class: 'Error', message: 'not yet', stack: null };
  await broker.nack('careful', {
    deliveryId: refused?.deliveryId ?? '',
    error,
    retryable: true,
  });
  const retried = (await receive())[0];
  await kit.database.database.pool.query(SLOW_DELETE);

  const acknowledged = broker.ack('careful', [retried?.deliveryId ?? '']);
  const waiting = receive();
  await kit.publish('race', ['k'], 'parked');
  await acknowledged;
  await kit.publish('race', ['k', 'k'], 'later');

  const order: string[] = [];
  let deliveries = await waiting;
  for (let i = 0; i < 5 && deliveries.length > 0; i += 1) {
    order.push(...deliveries.map(({ event }) => `${event.id}:${indexOf(event)}`));
    await broker.ack(
      'careful',
      deliveries.map(({ deliveryId }) => deliveryId),
    );
    deliveries = order.length < 3 ? await receive() : [];
  }
  expect(order).toEqual(['parked0:0', 'later0:0', 'later1:1']);
  await until(
    () => broker.get('careful'),
    (one) => one.lag + one.retrying + one.parked === 0,
  );
  await opened.close();
});

import { afterEach, expect, test } from 'vitest';
import { until } from './until.ts';
import { Workbench } from './workbench.ts';

const EVENTS = 3_000;
const FIRST = 500;
const LAST = 2_499;
const PER_SECOND = 1_000;
const KILLED_AT = 600;
/** What the server promises: so many events may be handed out above the point it has noted. */
const IN_FLIGHT_WINDOW = 1_000;

let bench: Workbench | undefined;
afterEach(async () => {
  await bench?.remove();
  bench = undefined;
});

test('a replay whose server is killed goes on by itself and delivers exactly its range', async () => {
  bench = await Workbench.start();
  await bench.consume('target');
  await bench.consume('bystander');
  await bench.publish(EVENTS);
  await bench.api.untilDrained('target');
  await bench.api.untilDrained('bystander');
  const range = (await bench.history()).slice(FIRST, LAST + 1);
  const before = bench.received('target').length;
  const bystanderBefore = bench.received('bystander').length;

  const { id } = await bench.api.startOperation('/replays', {
    from: range[0]?.position,
    to: range.at(-1)?.position,
    target: { subscription: 'target' },
    ratePerSecond: PER_SECOND,
  });
  const { api } = bench;
  await until('the replay is under way', 30_000, async () =>
    (await api.operation(id)).done >= KILLED_AT ? true : undefined,
  );
  await bench.server.end('SIGKILL');
  const beforeTheKill = new Set(
    bench
      .received('target')
      .slice(before)
      .map(({ eventId }) => eventId),
  );
  bench.server.restart();
  await bench.server.untilReady();
  const operation = await api.untilEnded(id);
  await api.untilDrained('target');

  const replayed = bench.received('target').slice(before);
  const seen = new Map<string, number>();
  for (const { eventId } of replayed) seen.set(eventId, (seen.get(eventId) ?? 0) + 1);
  const twice = range.filter((event) => (seen.get(event.id) ?? 0) > 1);
  process.stdout.write(
    `replay: ${JSON.stringify({ range: range.length, beforeTheKill: beforeTheKill.size, deliveries: replayed.length, twice: twice.length })}\n`,
  );
  expect(operation).toMatchObject({ state: 'done', total: range.length, done: range.length });
  expect(new Set(replayed.map(({ replay }) => replay))).toEqual(new Set([id]));
  expect([...seen.keys()].toSorted()).toEqual(range.map((event) => event.id).toSorted());
  expect(beforeTheKill.size).toBeLessThan(range.length);
  expect(Math.max(...seen.values())).toBeLessThanOrEqual(2);
  expect(twice.length).toBeLessThanOrEqual(IN_FLIGHT_WINDOW);
  expect(twice.every((event) => beforeTheKill.has(event.id))).toBe(true);
  expect(bench.received('bystander')).toHaveLength(bystanderBefore);
});

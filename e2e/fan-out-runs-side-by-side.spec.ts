import { type StoredEvent } from '#contracts/event.ts';
import { expect, test } from './support/fixtures.ts';

const CONSUMERS = ['signup-mail', 'signup-analytics', 'signup-push'];
const REACTIONS = ['push.sent', 'signup.counted', 'welcome-mail.sent'];
const FLOWS = 3;
/** Work of 100, 50 and 80 ms: in a row it takes 230 ms, side by side 100 and what the log needs around it. */
const IN_A_ROW_MS = 230;
const SLOWEST_MS = 100;

test('one registration reaches three consumers at the same time', async ({ page, weir }) => {
  await page.goto('/scenarios');
  weir.willStop('fan-out');

  await page
    .getByRole('article', { name: 'Fan-out' })
    .getByRole('button', { name: 'Start' })
    .click();

  await expect(page.getByText('Fan-out is running')).toBeVisible();
  await expect
    .poll(async () => (await weir.events({ type: 'signup.completed' })).length)
    .toBeGreaterThanOrEqual(FLOWS);
  const registrations = await weir.events({ topic: 'registrations' });
  const reactions = await weir.events({ topic: 'reactions' });
  const durations = registrations.flatMap((registration) => {
    const own = reactions.filter(({ causationid }) => causationid === registration.id);
    if (own.length < CONSUMERS.length) return [];
    expect(own.map(({ type }) => type).toSorted()).toEqual(REACTIONS);
    return [Math.max(...own.map(recordedMs)) - recordedMs(registration)];
  });
  expect(durations.length).toBeGreaterThanOrEqual(FLOWS);
  const fastest = Math.min(...durations);
  expect(fastest).toBeGreaterThanOrEqual(SLOWEST_MS);
  expect(fastest).toBeLessThan(IN_A_ROW_MS);

  await page.goto('/');
  for (const name of CONSUMERS) {
    await expect(page.getByRole('button', { name: `Consumer ${name}` })).toBeVisible();
  }
});

const recordedMs = (event: StoredEvent): number => Date.parse(event.recordedAt);

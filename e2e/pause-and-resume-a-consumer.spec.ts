import { expect, test } from './support/fixtures.ts';

const CONSUMER = 'analytics';
const WAITING = 5;

test('a paused consumer falls behind, and catches up when it is resumed', async ({
  page,
  weir,
}) => {
  weir.willResume(CONSUMER);
  await page.goto('/consumers');
  await page.getByRole('button', { name: `Pause ${CONSUMER}` }).click();

  await expect(page.getByText(`${CONSUMER} is paused`)).toBeVisible();
  await expect(page.getByRole('button', { name: `Resume ${CONSUMER}` })).toBeVisible();
  await expect
    .poll(async () => (await weir.subscription(CONSUMER)).lag)
    .toBeGreaterThanOrEqual(WAITING);

  await page.getByRole('link', { name: CONSUMER, exact: true }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText(CONSUMER);
  await expect(page.getByRole('main').getByText('Paused', { exact: true }).first()).toBeVisible();
  await page.getByRole('button', { name: 'Resume' }).click();

  await expect(page.getByText(`${CONSUMER} runs again`)).toBeVisible();
  await expect
    .poll(async () => {
      const { state, lag } = await weir.subscription(CONSUMER);
      return state === 'running' && lag < WAITING;
    })
    .toBe(true);
});

test('a pause on the topology is undone from its toast', async ({ page, weir }) => {
  weir.willResume('tracking');
  await page.goto('/');
  await page.getByRole('button', { name: 'Consumer tracking' }).click();
  const inspector = page.getByRole('complementary', { name: 'About tracking' });

  await inspector.getByRole('button', { name: 'Pause' }).click();
  await expect(page.getByText('tracking is paused')).toBeVisible();
  await expect(inspector.getByRole('button', { name: 'Resume' })).toBeVisible();
  await page.getByRole('button', { name: 'Undo' }).click();

  await expect.poll(async () => (await weir.subscription('tracking')).state).toBe('running');
  await expect(inspector.getByRole('button', { name: 'Pause' })).toBeVisible();
});

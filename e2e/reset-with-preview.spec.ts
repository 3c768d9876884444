import { expect, test, uniqueName } from './support/fixtures.ts';
import { type WeirApi } from './support/weir-api.ts';

const EVENTS = 12;

test('a consumer is moved back after its review, and receives exactly what the review said', async ({
  page,
  weir,
}) => {
  const consumer = await handledConsumer(weir);
  await page.goto(`/consumers/${consumer}`);

  await page.getByRole('button', { name: 'Reset…' }).click();
  const dialog = page.getByRole('dialog', { name: `Reset ${consumer}` });
  await dialog.getByRole('radio', { name: 'Earliest' }).click();
  await dialog.getByRole('button', { name: 'Review' }).click();
  await expect(dialog.getByText(`Will re-deliver ${EVENTS} events`)).toBeVisible();
  await expect(dialog.getByRole('region', { name: 'Offsets before and after' })).toBeVisible();
  expect((await weir.subscription(consumer)).lag).toBe(0);

  await dialog.getByRole('button', { name: /^Reset/ }).click();

  await expect(page.getByText(`${consumer} is reset`)).toBeVisible();
  await expect(dialog).toBeHidden();
  expect(await weir.consume(consumer, EVENTS)).toHaveLength(EVENTS);
});

test('skipping events asks for the name first', async ({ page, weir }) => {
  const topic = uniqueName('skipped');
  const consumer = uniqueName('skipper');
  await weir.publish(
    topic,
    Array.from({ length: EVENTS }, () => ({ type: 'story.told' })),
  );
  await weir.makePullConsumer(consumer, topic);
  await page.goto(`/consumers/${consumer}`);

  await page.getByRole('button', { name: 'Reset…' }).click();
  const dialog = page.getByRole('dialog', { name: `Reset ${consumer}` });
  await dialog.getByRole('radio', { name: 'Latest' }).click();
  await dialog.getByRole('button', { name: 'Review' }).click();
  await expect(dialog.getByText(`Will skip ${EVENTS} events`)).toBeVisible();
  const confirm = dialog.getByRole('button', { name: /^Reset/ });
  await expect(confirm).toBeDisabled();
  await dialog.getByLabel(/Events would never come/).fill(consumer);
  await confirm.click();

  await expect(page.getByText(`${consumer} is reset`)).toBeVisible();
  expect(await weir.receive(consumer)).toEqual([]);
});

/** A consumer that has handled all there is. */
async function handledConsumer(weir: WeirApi): Promise<string> {
  const topic = uniqueName('handled');
  const consumer = uniqueName('handler');
  await weir.publish(
    topic,
    Array.from({ length: EVENTS }, (_, index) => ({ type: 'story.told', data: { index } })),
  );
  await weir.makePullConsumer(consumer, topic);
  await weir.consume(consumer, EVENTS);
  await expect.poll(async () => (await weir.subscription(consumer)).lag).toBe(0);
  return consumer;
}

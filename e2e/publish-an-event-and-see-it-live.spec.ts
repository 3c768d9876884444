import { expect, test, uniqueName } from './support/fixtures.ts';

const SEEN_WITHIN_MS = 1_000;

test('an event published by hand is stored, shown and open', async ({ page }) => {
  const topic = uniqueName('by-hand');
  await page.goto(`/events?q=topic:${topic}`);

  await page.getByRole('button', { name: 'Publish', exact: true }).click();
  const dialog = page.getByRole('alertdialog', { name: 'Publish an event' });
  await dialog.getByLabel('Topic').fill(topic);
  await dialog.getByLabel('Type').fill('story.told');
  await dialog.getByLabel('Payload').fill('{ "total": ');
  await expect(dialog.getByRole('button', { name: 'Publish' })).toBeDisabled();
  await dialog.getByLabel('Payload').fill('{ "total": 7 }');
  await dialog.getByRole('button', { name: 'Publish' }).click();

  await expect(page.getByText(/Stored at position/)).toBeVisible();
  await expect(page.getByRole('dialog', { name: 'story.told' })).toContainText('"total": 7');
  await expect(
    page.getByRole('grid', { name: 'Live events' }).getByRole('row', { name: /story\.told/ }),
  ).toBeVisible();
});

test('an event published elsewhere is on screen within a second', async ({ page, weir }) => {
  const topic = uniqueName('elsewhere');
  await weir.publish(topic, [{ type: 'story.begun' }]);
  await page.goto(`/events?q=topic:${topic}`);
  const list = page.getByRole('grid', { name: 'Live events' });
  await expect(list.getByRole('row', { name: /story\.begun/ })).toBeVisible();
  await expect(page.getByRole('status').filter({ hasText: 'Live' })).toBeVisible();

  await weir.publish(topic, [{ type: 'story.told' }]);

  await expect(list.getByRole('row', { name: /story\.told/ })).toBeVisible({
    timeout: SEEN_WITHIN_MS,
  });
});

test('a paused list stands still, counts, and goes on without a gap', async ({ page, weir }) => {
  const topic = uniqueName('paused');
  await weir.publish(topic, [{ type: 'story.begun' }]);
  await page.goto(`/events?q=topic:${topic}`);
  const list = page.getByRole('grid', { name: 'Live events' });
  await expect(list.getByRole('row')).toHaveCount(1);

  await page.getByRole('button', { name: 'Pause' }).click();
  await weir.publish(topic, [{ type: 'story.told' }, { type: 'story.retold' }]);

  await expect(page.getByRole('button', { name: 'Paused · 2 new' })).toBeVisible();
  await expect(list.getByRole('row')).toHaveCount(1);
  await page.getByRole('button', { name: 'Paused · 2 new' }).click();
  await expect(list.getByRole('row')).toHaveCount(3);
});

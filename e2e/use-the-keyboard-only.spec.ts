import { expect, test, uniqueName } from './support/fixtures.ts';
import { tabTo } from './support/keyboard.ts';

const JUMPS = [
  { keys: 'gl', title: 'Timeline' },
  { keys: 'ge', title: 'Events' },
  { keys: 'gc', title: 'Consumers' },
  { keys: 'gd', title: 'Dead letters' },
  { keys: 'gn', title: 'Scenarios' },
  { keys: 'gt', title: 'Topology' },
];

test('two keys jump to every place, the palette and the sheet open and close', async ({ page }) => {
  const { keyboard } = page;
  const title = page.getByRole('heading', { level: 1 });
  await page.goto('/');
  await expect(page.getByRole('button', { name: 'Consumer payment-service' })).toBeVisible();

  for (const jump of JUMPS) {
    await keyboard.type(jump.keys);
    await expect(title).toHaveText(jump.title);
  }

  await keyboard.press('Control+k');
  const palette = page.getByRole('dialog', { name: 'Search or jump' });
  await expect(palette).toBeVisible();
  await keyboard.type('operations');
  await expect(palette.getByRole('option', { name: 'Operations', exact: true })).toBeVisible();
  await keyboard.press('Enter');
  await expect(title).toHaveText('Operations');
  await expect(palette).toBeHidden();

  await keyboard.type('?');
  const sheet = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await expect(sheet.getByText('Search or jump')).toBeVisible();
  await keyboard.press('Escape');
  await expect(sheet).toBeHidden();
});

test('events are searched, walked, opened and closed without a mouse', async ({ page, weir }) => {
  const topic = uniqueName('keys');
  await weir.publish(topic, [{ type: 'story.first' }, { type: 'story.second' }]);
  const { keyboard } = page;
  await page.goto('/events');
  const query = page.getByRole('combobox', { name: 'Query' });
  await expect(query).toBeVisible();

  await keyboard.press('/');
  await expect(query).toBeFocused();
  await keyboard.type(`topic:${topic}`);
  await keyboard.press('Enter');
  const list = page.getByRole('grid', { name: 'Live events' });
  await expect(list.getByRole('row')).toHaveCount(2);
  await tabTo(page, list);
  await keyboard.type('jj');
  await keyboard.press('Enter');
  await expect(page.getByRole('dialog', { name: 'story.first' })).toBeVisible();
  await keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();

  await expect(list).toBeFocused();
  await keyboard.type('k');
  await keyboard.press('Enter');
  await expect(page.getByRole('dialog', { name: 'story.second' })).toBeVisible();
});

test('the graph is walked along its edges, and a consumer is paused from its menu', async ({
  page,
  weir,
}) => {
  weir.willResume('tracking');
  const { keyboard } = page;
  await page.goto('/');
  const consumer = page.getByRole('button', { name: 'Consumer tracking' });
  await tabTo(page, consumer);

  await keyboard.press('Enter');
  const inspector = page.getByRole('complementary', { name: 'About tracking' });
  await expect(inspector).toBeVisible();
  await expect(consumer).toBeFocused();
  await keyboard.press('Escape');
  await expect(inspector).toBeHidden();
  await expect(consumer).toBeFocused();
  await keyboard.press('Shift+F10');
  await expect(page.getByRole('menu')).toBeVisible();
  await keyboard.press('p');
  await expect(page.getByRole('menuitem', { name: 'Pause' })).toBeFocused();
  await keyboard.press('Enter');
  await expect(page.getByText('tracking is paused')).toBeVisible();
  await expect.poll(async () => (await weir.subscription('tracking')).state).toBe('paused');
  await expect(consumer).toBeFocused();
  await keyboard.press('ArrowLeft');
  await expect(page.getByRole('button', { name: 'Topic shipments' })).toBeFocused();
});

test('consumers are walked with j and k, and opened with Enter', async ({ page }) => {
  const { keyboard } = page;
  await page.goto('/consumers');
  await expect(page.getByRole('link', { name: 'analytics', exact: true })).toBeVisible();

  await keyboard.press('/');
  await keyboard.type('analytics');
  await keyboard.press('Enter');
  await expect(page.getByRole('link', { name: 'loyalty', exact: true })).toBeHidden();
  await keyboard.type('j');
  await keyboard.press('Enter');

  await expect(page.getByRole('heading', { level: 1 })).toContainText('analytics');
});

test('a subscription is made with the topic just typed, and moved, without a mouse', async ({
  page,
  weir,
}) => {
  const topic = uniqueName('typed');
  const name = uniqueName('typist');
  await weir.publish(topic, [{ type: 'story.told' }, { type: 'story.told' }]);
  weir.willRemove(name);
  const { keyboard } = page;
  await page.goto('/consumers');
  await tabTo(page, page.getByRole('button', { name: 'New subscription' }));
  await keyboard.press('Enter');

  const making = page.getByRole('dialog', { name: 'New subscription' });
  await expect(making.getByLabel('Name')).toBeFocused();
  await keyboard.type(name);
  await tabTo(page, making.getByLabel('Topics'));
  await keyboard.type(topic);
  await keyboard.press('Control+Enter');

  await expect(page.getByRole('dialog', { name: `${name} is listening` })).toBeVisible();
  expect((await weir.subscription(name)).filter.topics).toEqual([topic]);
  await tabTo(page, page.getByRole('link', { name: `Open ${name}` }));
  await keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toContainText(name);
  await expect(page.getByRole('button', { name: 'Reset…' })).toBeVisible();
  await keyboard.press('r');
  const moving = page.getByRole('dialog', { name: `Reset ${name}` });
  await tabTo(page, moving.getByRole('radio', { name: 'Time' }));
  await keyboard.press('ArrowRight');
  await expect(moving.getByRole('radio', { name: 'Shift' })).toBeFocused();
  await keyboard.press('Enter');
  await tabTo(page, moving.getByLabel('Events in each partition'));
  await keyboard.press('Control+a');
  await keyboard.type('-9');
  await keyboard.press('Enter');
  await expect(moving.getByText('Will re-deliver 2 events')).toBeVisible();
  await keyboard.press('Control+Enter');

  await expect(moving).toBeHidden();
  await expect.poll(async () => (await weir.subscription(name)).lag).toBe(2);
});

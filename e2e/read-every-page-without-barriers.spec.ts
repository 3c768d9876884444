import { expectAccessibleInBothThemes } from './support/axe.ts';
import { expect, test, uniqueName } from './support/fixtures.ts';
import { PLACES, visit } from './support/places.ts';

for (const place of PLACES) {
  test(`axe finds nothing serious on ${place.title} in both themes`, async ({ page, weir }) => {
    await weir.hasLetters();
    await visit(page, place);

    await expectAccessibleInBothThemes(page, place.title);
  });
}

test('axe finds nothing serious where there is nothing to show', async ({ page }) => {
  const nothing = uniqueName('nothing');
  await page.goto(`/events?q=topic:${nothing}`);
  await expect(page.getByText('No event matches yet')).toBeVisible();
  await expectAccessibleInBothThemes(page, 'Events, empty');

  await page.goto(`/dead-letters?subscription=${nothing}`);
  await expect(page.getByText('No dead letter matches the filters')).toBeVisible();
  await expectAccessibleInBothThemes(page, 'Dead letters, empty');

  await page.goto('/timeline?from=2001-01-01T00:00:00.000Z&to=2001-01-02T00:00:00.000Z');
  await expect(page.getByText('Nothing was recorded in this range.')).toBeVisible();
  await expectAccessibleInBothThemes(page, 'Timeline, empty');
});

test('axe finds nothing serious in dialogs and drawers', async ({ page, weir }) => {
  const [event] = await weir.events({ type: 'order.placed', limit: '1' });
  await page.goto(`/events?id=${event?.id}&tab=causation`);
  await expect(page.getByRole('list', { name: 'Events of this flow' })).toBeVisible();
  await expectAccessibleInBothThemes(page, 'Event drawer', 'dialog');
  await page.getByRole('tab', { name: 'Payload' }).click();
  await expect(page.getByRole('textbox', { name: 'Payload' })).toBeVisible();
  await expectAccessibleInBothThemes(page, 'Event drawer, payload', 'dialog');

  await page.goto('/events');
  await page.getByRole('button', { name: 'Publish', exact: true }).click();
  await expect(page.getByRole('alertdialog', { name: 'Publish an event' })).toBeVisible();
  await expectAccessibleInBothThemes(page, 'Publish dialog', 'dialog');

  await page.goto('/consumers/payment-service');
  await page.getByRole('button', { name: 'Reset…' }).click();
  await page.getByRole('button', { name: 'Review' }).click();
  await expect(page.getByRole('region', { name: 'Offsets before and after' })).toBeVisible();
  await expectAccessibleInBothThemes(page, 'Reset review', 'dialog');
});

test('axe finds nothing serious in the palette, the sheet and the table of the graph', async ({
  page,
}) => {
  await page.goto('/?view=table&id=consumer:payment-service');
  await expect(page.getByRole('region', { name: 'Topology as a table' })).toBeVisible();
  await expect(page.getByRole('complementary', { name: 'About payment-service' })).toBeVisible();
  await expectAccessibleInBothThemes(page, 'Topology as a table, inspector');

  await page.keyboard.press('Control+k');
  await expect(page.getByRole('dialog', { name: 'Search or jump' })).toBeVisible();
  await expectAccessibleInBothThemes(page, 'Palette', 'dialog');
  await page.keyboard.press('Escape');

  await page.keyboard.type('?');
  await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible();
  await expectAccessibleInBothThemes(page, 'Shortcut sheet', 'dialog');
});

import { type Locator, type Page } from '@playwright/test';
import { expect, test } from './support/fixtures.ts';
import { PLACES, visit } from './support/places.ts';

test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

/** What somebody comes to the place for. */
const MAIN_ACTION: Readonly<Record<string, (page: Page) => Locator>> = {
  '/': (page) => page.getByRole('button', { name: 'Actions of payment-service' }),
  '/timeline': (page) => page.getByRole('button', { name: 'Select range' }),
  '/events': (page) => page.getByRole('combobox', { name: 'Query' }),
  '/consumers': (page) => page.getByRole('button', { name: /^(Pause|Resume) payment-service/ }),
  '/consumers/payment-service': (page) => page.getByRole('button', { name: 'Pause' }),
  '/dead-letters': (page) =>
    page.getByRole('grid', { name: 'Causes of dead letters' }).getByRole('row').first(),
  '/operations': (page) => page.getByRole('radio', { name: 'Redrives' }),
  '/scenarios': (page) =>
    page.getByRole('article', { name: 'Shop' }).getByRole('button', { name: /^(Stop|Start)/ }),
};

for (const place of PLACES) {
  test(`${place.title} fits 390 pixels, and its main action is within reach`, async ({
    page,
    weir,
  }) => {
    await weir.hasLetters();
    await visit(page, place);

    const { content, room } = await page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement;
      return { content: scrollWidth, room: clientWidth };
    });
    expect(content, 'The page scrolls sideways.').toBeLessThanOrEqual(room);
    const action = MAIN_ACTION[place.path]?.(page);
    if (!action) throw new Error(`No main action is named for ${place.path}.`);
    await action.scrollIntoViewIfNeeded();
    await expect(action).toBeInViewport({ ratio: 0.9 });
    // A trial goes through all checks of a real tap: in sight, still, and nothing lies over it.
    await action.tap({ trial: true });
    await page
      .getByRole('navigation', { name: 'Places' })
      .getByRole('button', { name: 'More' })
      .tap();
    await expect(page.getByRole('menuitem', { name: 'Scenarios' })).toBeVisible();
  });
}

test('a letter is read and retried with the thumb', async ({ page, weir }) => {
  await weir.hasLetters();
  await page.goto('/dead-letters');

  await page.getByRole('grid', { name: 'Causes of dead letters' }).getByRole('row').first().tap();
  await page.getByRole('grid', { name: 'Letters' }).getByRole('row').first().tap();

  await expect(page.getByRole('button', { name: 'Retry', exact: true })).toBeInViewport();
});

test('a toast lies over no bar under the thumb', async ({ page, weir }) => {
  weir.willResume('analytics');
  await page.goto('/consumers');

  await page.getByRole('button', { name: 'Pause analytics' }).tap();

  const toast = page.getByRole('listitem').filter({ hasText: 'analytics is paused' });
  const places = page.getByRole('navigation', { name: 'Places' });
  await expect(toast).toBeVisible();
  const room = (await places.boundingBox())?.y ?? 0;
  await expect
    .poll(async () => {
      const box = await toast.boundingBox();
      return box === null ? 0 : room - (box.y + box.height);
    })
    // What can be done with a letter has its bar above that of the places.
    .toBeGreaterThanOrEqual(61);
});

import { expect, test } from './support/fixtures.ts';
import { type WeirApi } from './support/weir-api.ts';

test('an event is found by a query, and its causes and effects are followed', async ({
  page,
  weir,
}) => {
  const orderId = await finishedOrder(weir);
  await page.goto('/events');

  await page.getByRole('radio', { name: 'Search' }).click();
  await page.getByRole('combobox', { name: 'Query' }).fill(`type:order.placed subject:${orderId}`);
  await page.getByRole('combobox', { name: 'Query' }).press('Enter');
  const found = page.getByRole('grid', { name: 'Events found' });
  await expect(found.getByRole('row')).toHaveCount(1);
  await found.getByRole('row', { name: /order\.placed/ }).click();

  const drawer = page.getByRole('dialog', { name: 'order.placed' });
  await expect(drawer.getByText(orderId).first()).toBeVisible();
  await drawer.getByRole('tab', { name: 'Deliveries' }).click();
  await expect(drawer.getByRole('link', { name: 'payment-service' })).toBeVisible();

  await drawer.getByRole('tab', { name: 'Causation' }).click();
  const flow = drawer.getByRole('list', { name: 'Events of this flow' });
  await expect(flow.getByRole('button', { name: /order\.placed/ })).toHaveAttribute(
    'aria-current',
    'true',
  );
  await flow.getByRole('button', { name: /payment\.processed/ }).click();

  const effect = page.getByRole('dialog', { name: 'payment.processed' });
  await expect(
    effect.getByRole('list', { name: 'Events of this flow' }).getByRole('button', {
      name: /payment\.processed/,
    }),
  ).toHaveAttribute('aria-current', 'true');

  await effect.getByRole('button', { name: 'Show this flow' }).click();
  await expect(page.getByRole('combobox', { name: 'Query' })).toHaveValue(`corr:${orderId}`);
  await expect(found.getByRole('row', { name: /order\.confirmed/ })).toBeVisible();
});

test('an address opens the same event for a colleague', async ({ page, weir }) => {
  const [event] = await weir.events({ type: 'order.placed', limit: '1' });

  await page.goto(`/events?id=${event?.id}&tab=envelope`);

  const drawer = page.getByRole('dialog', { name: 'order.placed' });
  await expect(drawer.getByRole('tab', { name: 'Envelope' })).toHaveAttribute(
    'aria-selected',
    'true',
  );
  await expect(drawer.getByText(String(event?.id)).first()).toBeVisible();
});

/** The id of an order that went all the way through the shop. */
async function finishedOrder(weir: WeirApi): Promise<string> {
  let orderId: string | undefined;
  await expect
    .poll(async () => {
      const [confirmed] = await weir.events({ type: 'order.confirmed', direction: 'backward' });
      orderId = confirmed?.subject;
      return orderId;
    })
    .toBeDefined();
  return String(orderId);
}

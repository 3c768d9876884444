import { expect, test, uniqueName } from './support/fixtures.ts';
import { type WeirApi } from './support/weir-api.ts';

const BROKEN = 'loyalty';

test('a broken consumer is repaired where its letters lie, and a retry resolves them', async ({
  page,
  weir,
}) => {
  await weir.breakConsumer(BROKEN, 0.5);
  await expect
    .poll(async () => (await weir.letters({ subscription: BROKEN, status: 'open' })).length, {
      timeout: 40_000,
    })
    .toBeGreaterThan(2);

  await page.goto('/dead-letters');
  await page
    .getByRole('grid', { name: 'Causes of dead letters' })
    .getByRole('row', { name: new RegExp(BROKEN) })
    .first()
    .click();
  const note = page.getByRole('note').filter({ hasText: `${BROKEN} is broken on purpose` });
  await note.getByRole('button', { name: 'Repair it' }).click();
  await expect(page.getByText(`${BROKEN} is repaired`)).toBeVisible();
  await expect(note).toBeHidden();

  const letter = page.getByRole('region', { name: 'Letter', exact: true });
  await expect(letter.getByRole('list', { name: /^Attempts/ })).toBeVisible();
  await letter.getByRole('button', { name: 'Retry this one' }).click();
  await expect(letter.getByText(`${BROKEN} has handled it`)).toBeVisible();
  await expect(letter.getByRole('button', { name: 'Retry this one' })).toBeDisabled();

  await page.getByRole('button', { name: 'Redrive group…' }).click();
  const dialog = page.getByRole('dialog', { name: /^Redrive/ });
  await expect(dialog.getByText(/Will re-deliver .* only/)).toBeVisible();
  await dialog.getByRole('button', { name: /^Redrive \d/ }).click();
  await expect(page.getByText(/acknowledged/).first()).toBeVisible();
  await expect
    .poll(async () => (await weir.letters({ subscription: BROKEN, status: 'open' })).length)
    .toBe(0);
});

test('a letter is edited and retried, and only its consumer sees the edit', async ({
  page,
  weir,
}) => {
  const { topic, consumer, witness } = await rejectedPayment(weir);

  await page.goto(`/dead-letters?subscription=${consumer}`);
  const letter = page.getByRole('region', { name: 'Letter', exact: true });
  await expect(letter.getByText('The card is declined').first()).toBeVisible();
  await letter.getByRole('button', { name: 'Edit and retry' }).click();
  const dialog = page.getByRole('dialog', { name: 'Edit and retry' });
  const retry = dialog.getByRole('button', { name: 'Retry with this payload' });
  await expect(retry).toBeDisabled();
  await dialog.getByRole('textbox', { name: 'Payload to deliver' }).fill('{ "cents": 250 }');
  await expect(retry).toBeEnabled();
  await page.keyboard.press('Control+Enter');

  await expect(letter.getByText(/^Given back to/)).toBeVisible();
  const [again] = await weir.consume(consumer, 1);
  expect(again?.event.data).toEqual({ cents: 250 });
  await expect(letter.getByText(`${consumer} has handled it`)).toBeVisible();
  const [stored] = await weir.events({ topic });
  expect(stored?.data).toEqual({ cents: -250 });
  expect(await weir.receive(witness)).toEqual([]);
});

test('a letter is discarded with a reason', async ({ page, weir }) => {
  const { consumer } = await rejectedPayment(weir);

  await page.goto(`/dead-letters?subscription=${consumer}`);
  const letter = page.getByRole('region', { name: 'Letter', exact: true });
  await letter.getByRole('button', { name: 'Discard…' }).click();
  const dialog = page.getByRole('alertdialog');
  await expect(dialog.getByRole('button', { name: 'Discard it' })).toBeDisabled();
  await dialog.getByLabel('Reason').fill('The customer has paid in cash.');
  await dialog.getByRole('button', { name: 'Discard it' }).click();

  await expect(letter.getByText(/Discarded .*The customer has paid in cash\./)).toBeVisible();
  expect(await weir.letters({ subscription: consumer, status: 'discarded' })).toHaveLength(1);
});

/** One payment that its consumer gave up on; a second consumer of the same topic has handled it. */
async function rejectedPayment(weir: WeirApi) {
  const topic = uniqueName('payments');
  const consumer = uniqueName('till');
  const witness = uniqueName('witness');
  await weir.publish(topic, [{ type: 'payment.due', subject: 'till-1', data: { cents: -250 } }]);
  await weir.makePullConsumer(consumer, topic);
  await weir.makePullConsumer(witness, topic);
  await weir.consume(witness, 1);
  const [delivery] = await weir.receive(consumer, 5_000);
  if (!delivery) throw new Error('The payment was not delivered.');
  await weir.reject(consumer, delivery, 'The card is declined');
  await expect.poll(async () => (await weir.letters({ subscription: consumer })).length).toBe(1);
  return { topic, consumer, witness };
}

import { type Locator, type Page } from '@playwright/test';
import { type StoredEvent } from '#contracts/event.ts';
import { expect, test, uniqueName } from './support/fixtures.ts';
import { tabTo } from './support/keyboard.ts';
import { type WeirApi } from './support/weir-api.ts';

const EVENTS_BEFORE = 8;
const EVENTS_CHOSEN = 20;
const EVENTS_AFTER = 5;
/** Slow enough to be seen under way. */
const RATE = '40';

test('a range drawn with the mouse is planned, confirmed, and delivered marked and exactly once', async ({
  page,
  weir,
}) => {
  const history = await makeHistory(weir);
  const margin = 200;
  const view = { from: history.start - margin, to: history.end + margin };
  await openTimeline(page, view);

  await page.getByRole('button', { name: 'Select range' }).click();
  await drag(page, chartOf(page), {
    from: (history.chosenFrom - view.from) / (view.to - view.from),
    to: (history.chosenTo - view.from) / (view.to - view.from),
  });
  await page
    .getByRole('region', { name: 'Chosen range' })
    .getByRole('button', { name: 'Replay…' })
    .click();
  const dialog = page.getByRole('dialog', { name: 'Replay a range' });
  await dialog.getByLabel('Deliver to').click();
  await page.getByRole('option', { name: history.consumer }).click();
  await dialog.getByLabel('Events per second').fill(RATE);
  await dialog.getByRole('button', { name: 'See the plan' }).click();
  await expect(
    dialog.getByText(`Will re-deliver ${EVENTS_CHOSEN} events to ${history.consumer} only`),
  ).toBeVisible();
  expect(await weir.receive(history.consumer)).toEqual([]);
  await dialog.getByRole('button', { name: `Replay ${EVENTS_CHOSEN}` }).click();

  const progress = page.getByRole('dialog').getByRole('progressbar');
  await expect(progress).toBeVisible();
  await expectExactReplay(weir, history);
  await expect(progress).toHaveAttribute('aria-valuetext', `${EVENTS_CHOSEN} of ${EVENTS_CHOSEN}`);
  await expect(page.getByRole('dialog').getByText('done', { exact: true })).toBeVisible();

  await page.goto('/operations');
  const [operation] = await weir.operations();
  const card = page.getByRole('article', { name: String(operation?.title) }).first();
  await expect(card.getByText('done', { exact: true })).toBeVisible();
  await expect(card.getByText(`${EVENTS_CHOSEN} of ${EVENTS_CHOSEN}`)).toBeVisible();
});

test('a range is chosen and replayed by keyboard alone', async ({ page, weir }) => {
  const history = await makeHistory(weir);
  const span = history.chosenTo - history.chosenFrom;
  // The keyboard begins with the middle fifth of the view.
  await openTimeline(page, {
    from: history.chosenFrom - 2 * span,
    to: history.chosenTo + 2 * span,
  });
  const { keyboard } = page;

  await tabTo(page, page.getByRole('button', { name: 'Select range' }));
  await keyboard.press('Enter');
  const start = page.getByRole('slider', { name: 'Start of the range' });
  await tabTo(page, start);
  const before = Number(await start.getAttribute('aria-valuenow'));
  await keyboard.press('ArrowLeft');
  await expect
    .poll(async () => Number(await start.getAttribute('aria-valuenow')))
    .toBeLessThan(before);
  await tabTo(page, page.getByRole('button', { name: 'Replay…' }));
  await keyboard.press('Enter');

  const dialog = page.getByRole('dialog', { name: 'Replay a range' });
  await tabTo(page, dialog.getByLabel('Deliver to'));
  await keyboard.press('Enter');
  await expect(page.getByRole('listbox')).toBeVisible();
  await keyboard.type(history.consumer);
  await expect(page.getByRole('option', { name: history.consumer })).toBeFocused();
  await keyboard.press('Enter');
  await tabTo(page, dialog.getByLabel('Events per second'));
  await keyboard.press('Control+Enter');
  await expect(
    dialog.getByText(`Will re-deliver ${EVENTS_CHOSEN} events to ${history.consumer} only`),
  ).toBeVisible();
  await keyboard.press('Control+Enter');

  await expectExactReplay(weir, history);
  await expect(page.getByRole('dialog').getByText('done', { exact: true })).toBeVisible();
  await keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
});

type History = {
  readonly consumer: string;
  readonly chosen: readonly string[];
  readonly start: number;
  readonly end: number;
  readonly chosenFrom: number;
  readonly chosenTo: number;
};

/** Three groups of events, told apart by time; a pull consumer has handled all of them. */
async function makeHistory(weir: WeirApi): Promise<History> {
  const topic = uniqueName('history');
  const consumer = uniqueName('historian');
  await weir.makePullConsumer(consumer, topic);
  const groups: (readonly StoredEvent[])[] = [];
  for (const count of [EVENTS_BEFORE, EVENTS_CHOSEN, EVENTS_AFTER]) {
    await weir.publish(
      topic,
      Array.from({ length: count }, (_, index) => ({ type: 'story.told', data: { index } })),
    );
    const deliveries = await weir.consume(consumer, count);
    groups.push(deliveries.map(({ event }) => event));
    // Nothing more comes while it waits, so the next group is later by at least this long.
    expect(await weir.receive(consumer, 300)).toEqual([]);
  }
  const [first = [], chosen = [], last = []] = groups;
  return {
    consumer,
    chosen: chosen.map(({ id }) => id).toSorted(),
    start: Math.min(...first.map(recordedMs)),
    end: Math.max(...last.map(recordedMs)),
    chosenFrom: between(first, chosen),
    chosenTo: between(chosen, last),
  };
}

const recordedMs = (event: StoredEvent): number => Date.parse(event.recordedAt);

/** The instant half-way from the last of the earlier events to the first of the later ones. */
const between = (earlier: readonly StoredEvent[], later: readonly StoredEvent[]): number =>
  Math.round((Math.max(...earlier.map(recordedMs)) + Math.min(...later.map(recordedMs))) / 2);

async function expectExactReplay(weir: WeirApi, history: History): Promise<void> {
  const deliveries = await weir.consume(history.consumer, EVENTS_CHOSEN);
  const [operation] = await weir.operations();
  expect(deliveries.map(({ event }) => event.id).toSorted()).toEqual(history.chosen);
  expect(new Set(deliveries.map(({ replay }) => replay?.operationId))).toEqual(
    new Set([operation?.id]),
  );
  await expect.poll(async () => (await weir.operations())[0]?.state).toBe('done');
  expect(await weir.receive(history.consumer)).toEqual([]);
}

async function openTimeline(page: Page, view: { from: number; to: number }): Promise<void> {
  const from = new Date(view.from).toISOString();
  const to = new Date(view.to).toISOString();
  await page.goto(`/timeline?${new URLSearchParams({ from, to })}`);
  await expect(page.getByText(/\d events? in /).first()).toBeVisible();
}

const chartOf = (page: Page): Locator => page.getByRole('application', { name: /Timeline chart/ });

/** Draws from one share of the width to another. */
async function drag(
  page: Page,
  chart: Locator,
  shares: { readonly from: number; readonly to: number },
): Promise<void> {
  const box = await chart.boundingBox();
  if (!box) throw new Error('The chart is not on the page.');
  const y = box.y + 20;
  await page.mouse.move(box.x + shares.from * box.width, y);
  await page.mouse.down();
  await page.mouse.move(box.x + ((shares.from + shares.to) / 2) * box.width, y);
  await page.mouse.move(box.x + shares.to * box.width, y);
  await page.mouse.up();
}

import { expect, type Page } from '@playwright/test';

/** A page with what shows that it is there with its data. */
export type Place = {
  readonly path: string;
  readonly title: string;
  readonly ready: (page: Page) => Promise<void>;
};

const sees = (path: string, title: string, ready: Place['ready']): Place => ({
  path,
  title,
  ready,
});

/** Every place of the control room, full of the shop's data. */
export const PLACES: readonly Place[] = [
  sees('/', 'Topology', async (page) => {
    // A node of the graph; on a phone, a row of its table.
    const node = page.getByRole('button', { name: 'Consumer payment-service' });
    const row = page.getByRole('button', { name: 'Actions of payment-service' });
    await expect(node.or(row).first()).toBeVisible();
  }),
  sees('/timeline', 'Timeline', async (page) => {
    await expect(page.getByText(/\d events? in /).first()).toBeVisible();
  }),
  sees('/events', 'Events', async (page) => {
    await expect(
      page.getByRole('grid', { name: 'Live events' }).getByRole('row').first(),
    ).toBeVisible();
  }),
  sees('/consumers', 'Consumers', async (page) => {
    await expect(page.getByRole('link', { name: 'analytics', exact: true })).toBeVisible();
  }),
  sees('/consumers/payment-service', 'payment-service', async (page) => {
    await expect(page.getByRole('region', { name: 'Partitions' }).first()).toBeVisible();
    await expect(page.getByRole('button', { name: 'Pause' }).first()).toBeVisible();
  }),
  sees('/dead-letters', 'Dead letters', async (page) => {
    await expect(
      page.getByRole('grid', { name: 'Causes of dead letters' }).getByRole('row').first(),
    ).toBeVisible();
  }),
  sees('/operations', 'Operations', async (page) => {
    await expect(page.getByText(/\d operations? active/).first()).toBeVisible();
  }),
  sees('/scenarios', 'Scenarios', async (page) => {
    await expect(page.getByRole('article', { name: 'Shop' })).toBeVisible();
  }),
];

export async function visit(page: Page, place: Place): Promise<void> {
  await page.goto(place.path);
  await expect(page.getByRole('heading', { level: 1 })).toContainText(place.title);
  await place.ready(page);
}

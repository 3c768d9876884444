import { expect, test } from './support/fixtures.ts';

test('the shop moves on the topology, and a node tells about itself', async ({ page }) => {
  await page.goto('/');

  await expect(page.getByRole('button', { name: 'Topic orders' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Producer web-shop' })).toBeVisible();
  await expect(page.getByRole('status').filter({ hasText: 'Live' })).toBeVisible();
  await page.getByRole('button', { name: 'Consumer payment-service' }).click();

  const inspector = page.getByRole('complementary', { name: 'About payment-service' });
  await expect(inspector.getByRole('heading', { name: 'payment-service' })).toBeVisible();
  await expect(inspector.getByText('Handled', { exact: true })).toBeVisible();
  await expect(inspector.getByRole('button', { name: 'orders' })).toBeVisible();
  await expect(page).toHaveURL(/id=consumer/);
});

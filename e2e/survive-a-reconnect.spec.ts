import { expect, test, uniqueName } from './support/fixtures.ts';
import { interceptSocket } from './support/live-socket.ts';

const MISSED = 20;

test('a cut connection is told, and what was missed is in the list without gap or repeat', async ({
  page,
  weir,
}) => {
  const socket = await interceptSocket(page);
  const topic = uniqueName('reconnect');
  await weir.publish(topic, [{ type: 'story.before' }]);
  await page.goto(`/events?q=topic:${topic}`);
  const list = page.getByRole('grid', { name: 'Live events' });
  await expect(list.getByRole('row')).toHaveCount(1);
  const pill = page.getByRole('status').filter({ hasText: /Live|Reconnecting|Catching up/ });
  await expect(pill).toContainText('Live');
  await weir.publish(topic, [{ type: 'story.live' }]);
  await expect(list.getByRole('row')).toHaveCount(2);

  await socket.cut();
  await expect(pill).toContainText('Reconnecting');
  await weir.publish(
    topic,
    Array.from({ length: MISSED }, (_, index) => ({ type: `story.missed-${index + 1}` })),
  );
  socket.mend();

  await expect(pill).toContainText('Live');
  await expect(list).toHaveAttribute('aria-rowcount', String(MISSED + 2));
  for (let index = 1; index <= MISSED; index += 1) {
    await expect(list.getByText(`story.missed-${index}`, { exact: true })).toHaveCount(1);
  }
});

test('the topology goes on after a cut', async ({ page }) => {
  const socket = await interceptSocket(page);
  await page.goto('/');
  const pill = page.getByRole('status').filter({ hasText: /Live|Reconnecting/ });
  // The delay is measured with the first frame.
  await expect(pill).toContainText(/Live.*\d/);

  await socket.cut();
  await expect(pill).toContainText(/Reconnecting.*as of/);
  socket.mend();

  await expect(pill).toContainText('Live');
  await expect(page.getByRole('button', { name: 'Consumer payment-service' })).toBeVisible();
});

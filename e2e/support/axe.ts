import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';

const SERIOUS = new Set(['serious', 'critical']);
const MAX_NODES_TOLD = 5;

/** Nothing that axe calls serious or critical on the page as it stands; what it found is told rule by rule. */
async function expectAccessible(page: Page, where: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations
    .filter(({ impact }) => SERIOUS.has(impact ?? ''))
    .map(({ id, help, nodes }) => ({
      rule: `${id}: ${help}`,
      elements: nodes.slice(0, MAX_NODES_TOLD).map(({ html, failureSummary }) => ({
        html,
        why: failureSummary,
      })),
      count: nodes.length,
    }));
  expect(serious, where).toEqual([]);
}

const THEMES = ['light', 'dark'] as const;

/** Every page follows the system's theme until somebody chooses; the switch needs no reload. */
export async function expectAccessibleInBothThemes(page: Page, where: string): Promise<void> {
  for (const theme of THEMES) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    await expect(page.locator('html')).toHaveAttribute('data-theme', theme);
    await expectAccessible(page, `${where}, ${theme}`);
  }
}

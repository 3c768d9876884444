import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';

const SERIOUS = new Set(['serious', 'critical']);
const STANDARD = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const RULES_OF_COLOUR = ['color-contrast', 'link-in-text-block'];
/** What lies in front; the page behind it was looked at by itself. */
const DIALOG = '[role="dialog"], [role="alertdialog"]';
const MAX_NODES_TOLD = 5;

/**
 * Nothing that axe calls serious or critical on the page as it stands. Every page follows the system's theme until somebody
 * chooses, and the switch changes colours alone: the second theme is asked about those only.
 */
export async function expectAccessibleInBothThemes(
  page: Page,
  where: string,
  part: 'page' | 'dialog' = 'page',
): Promise<void> {
  const axe = () => new AxeBuilder({ page }).include(part === 'page' ? 'html' : DIALOG);
  await showIn(page, 'light');
  await expectNothingSerious(axe().withTags(STANDARD), `${where}, light`);
  await showIn(page, 'dark');
  await expectNothingSerious(axe().withRules(RULES_OF_COLOUR), `${where}, dark`);
}

async function showIn(page: Page, theme: 'light' | 'dark'): Promise<void> {
  await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
  await expect(page.locator('html')).toHaveAttribute('data-theme', theme);
}

async function expectNothingSerious(axe: AxeBuilder, where: string): Promise<void> {
  const { violations } = await axe.analyze();
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

import { test as base, expect } from '@playwright/test';
import { appAddress } from './app.ts';
import { watchForTrouble } from './page-trouble.ts';
import { WeirApi } from './weir-api.ts';

type StoryFixtures = {
  /** Weir from outside; what the story makes with it is gone afterwards. */
  readonly weir: WeirApi;
  /** Errors that belong to the story (the network is cut): matched against the whole message. */
  readonly expectedTrouble: readonly RegExp[];
};

/** Whoever reads these stories has seen the tour. */
const TOUR_DONE = JSON.stringify({
  state: { timeDisplay: 'local', railCollapsed: false, tourDone: true },
  version: 1,
});

/** The test of every story: any console error and any request to another host fails it. */
export const test = base.extend<StoryFixtures>({
  expectedTrouble: [[], { option: true }],
  storageState: {
    cookies: [],
    origins: [{ origin: appAddress, localStorage: [{ name: 'weir-view', value: TOUR_DONE }] }],
  },
  weir: async ({ request }, tell) => {
    const weir = new WeirApi(request);
    await tell(weir);
    await weir.cleanUp();
  },
  page: async ({ page, expectedTrouble }, tell) => {
    const trouble = watchForTrouble(page, expectedTrouble);
    await tell(page);
    expect(trouble, 'The page reported errors or left its host.').toEqual([]);
  },
});

/** Names of one story's own topics and consumers, so that stories never meet. */
export const uniqueName = (stem: string): string => `${stem}-${crypto.randomUUID().slice(0, 8)}`;

export { expect };

import { type Page, type WebSocketRoute } from '@playwright/test';

/** The page's connection to the live feed, which a story can cut and mend. Call it before the page is opened. */
export type InterceptedSocket = {
  readonly cut: () => Promise<void>;
  readonly mend: () => void;
};

/** Lets everything through until it is cut; from then on every new attempt fails until it is mended. */
export async function interceptSocket(page: Page): Promise<InterceptedSocket> {
  const open = new Set<WebSocketRoute>();
  let isCut = false;
  await page.routeWebSocket(/\/socket\.io\//, async (route) => {
    if (isCut) {
      await route.close();
      return;
    }
    route.connectToServer();
    open.add(route);
  });
  return {
    cut: async () => {
      isCut = true;
      for (const route of open) await route.close();
      open.clear();
    },
    mend: () => {
      isCut = false;
    },
  };
}

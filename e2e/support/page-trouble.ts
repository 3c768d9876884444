import { type Page } from '@playwright/test';
import { appAddress } from './app.ts';

/** What no page may do: report an error on the console, throw, or ask another host for anything. */
export function watchForTrouble(page: Page, expected: readonly RegExp[]): readonly string[] {
  const trouble: string[] = [];
  const report = (message: string) => {
    if (!expected.some((pattern) => pattern.test(message))) trouble.push(message);
  };
  page.on('console', (message) => {
    if (message.type() === 'error') {
      report(`console error: ${message.text()} (${message.location().url})`);
    }
  });
  page.on('pageerror', (error) => report(`uncaught: ${error.message}`));
  page.on('request', (request) => {
    const { protocol, host } = new URL(request.url());
    const isInside = protocol === 'data:' || protocol === 'blob:';
    if (!isInside && host !== HOST) report(`request to another host: ${request.url()}`);
  });
  page.on('websocket', (socket) => {
    const { host } = new URL(socket.url());
    if (host !== HOST) report(`socket to another host: ${socket.url()}`);
  });
  return trouble;
}

const HOST = new URL(appAddress).host;

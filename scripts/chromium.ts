import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from '@playwright/test';
import { tryRun } from './run.ts';

const SYSTEM_NAMES = [
  'chromium',
  'chromium-browser',
  'google-chrome-stable',
  'google-chrome',
  'chrome',
];
const FIXED_PLACES = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  String.raw`C:\Program Files\Google\Chrome\Application\chrome.exe`,
];
const LAUNCH_TIMEOUT_MS = 30_000;

/**
 * The path of a Chromium that starts here: the one of PLAYWRIGHT_CHROMIUM, Playwright's own, the system's; else it
 * installs Playwright's, else (as root on Debian) the system's.
 */
export async function findChromium(): Promise<string> {
  const wanted = process.env['PLAYWRIGHT_CHROMIUM'];
  if (wanted) {
    if (await starts(wanted)) return wanted;
    throw new Error(`PLAYWRIGHT_CHROMIUM names ${wanted}, which does not start as a Chromium.`);
  }
  const present = await firstThatStarts();
  if (present !== undefined) return present;
  console.log('Installing a Chromium for the browser tests …');
  await tryRun('playwright', ['install', 'chromium'], {}, 'quiet');
  const installed = await firstThatStarts();
  if (installed !== undefined) return installed;
  if (process.getuid?.() === 0 && isDebian()) {
    await tryRun('apt-get', ['update'], {}, 'quiet');
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    await tryRun('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], env, 'quiet');
  }
  const packaged = await firstThatStarts();
  if (packaged !== undefined) return packaged;
  throw new Error(
    'There is no Chromium for the browser tests, and none could be installed. Install one ("apt-get install chromium" as root, or "npx playwright install --with-deps chromium"), or name one by PLAYWRIGHT_CHROMIUM.',
  );
}

async function firstThatStarts(): Promise<string | undefined> {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const system = SYSTEM_NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  for (const path of [chromium.executablePath(), ...system, ...FIXED_PLACES]) {
    if (isExecutable(path) && (await starts(path))) return path;
  }
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function starts(executablePath: string): Promise<boolean> {
  try {
    const browser = await chromium.launch({
      executablePath,
      timeout: LAUNCH_TIMEOUT_MS,
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    });
    await browser.close();
    return true;
  } catch {
    return false;
  }
}

function isDebian(): boolean {
  try {
    return /^ID(_LIKE)?=.*debian/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}

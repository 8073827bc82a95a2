/** Debian's Chromium, driven by playwright-core: pages that watch for violations of the page's own policy. */
import { AxeBuilder } from '@axe-core/playwright';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { programs, type Stage } from './processes.ts';

/** One browser for a test; ended with its stage. */
export async function startBrowser(stage: Stage): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: programs.chromium, args: ['--no-sandbox'] });
  stage.onEnd(() => browser.close());
  return browser;
}

export interface Tab {
  readonly page: Page;
  /** Errors of scripts, refused loads and broken policies since the start. */
  readonly complaints: readonly string[];
}

export async function openTab(browser: Browser, options: BrowserContextOptions = {}): Promise<Tab> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // An answer of 400 with the form in it is an answer, not a failure.
    const isAnswer = message.text().includes('the server responded with a status of 400');
    if (message.type() === 'error' && !isAnswer) complaints.push(message.text());
  });
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return { page, complaints };
}

/** What axe finds serious or critical, one line each. */
export async function barriers(page: Page): Promise<readonly string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ target }) => `${page.url()} ${id}: ${target.join(' ')}`));
}

// Expressions of the browser are texts: its globals are none of ours.

/** Pixels by which the page is wider than the window. */
export const overflow = (page: Page): Promise<number> =>
  page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth');
/** Id or text of what has the focus. */
export const focused = (page: Page): Promise<string> =>
  page.evaluate<string>('document.activeElement.id || document.activeElement.textContent');
export const outlineOfFocus = (page: Page): Promise<string> =>
  page.evaluate<string>('getComputedStyle(document.activeElement).outlineStyle');
export const background = (page: Page): Promise<string> =>
  page.evaluate<string>('getComputedStyle(document.documentElement).backgroundColor');

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureChromium } from '../../scripts/setup/chromium.mjs';

const RUNNER = join(import.meta.dirname, '..', '..', 'bench', 'runners', 'dashboard.mjs');
const BROWSER_DEADLINE_MS = 10 * 60_000; // it is fetched once
const PHONE = { width: 360, height: 740 };
const DESK = { width: 1280, height: 900 };
const CHART = '#checkpoint-compress .plot';
const TIP = `${CHART} .tip`;

/** Pictures for a person to look at; a folder that the caller names is kept. */
const kept = process.env['MITHRIL_SCREENSHOTS'];
const scratch = mkdtempSync(join(tmpdir(), 'mithril-dashboard-'));
const pictures = kept ?? scratch;
const page = { made: join(scratch, 'made.html'), committed: join(scratch, 'committed.html') };
let browser: Browser;

/** Runs on four days, on one machine, with a peer and a commit. */
function makeRecords(): string {
  const folder = join(scratch, 'records');
  mkdirSync(folder);
  for (const [day, speed] of [2.1, 2.3, 2.2, 2.6].entries()) {
    const date = `2026-01-0${day + 1}T01:02:03.000Z`;
    const record = {
      product: 'checkpoint',
      date,
      commit: `abcdef012345678${day}`,
      machine: { cpu: 'Some CPU', cores: 2, arch: 'x64' },
      codec: {
        fp32: { compress: { gibPerSecondWall: speed }, zstdCompress: { gibPerSecondWall: 0.44 } },
      },
    };
    writeFileSync(join(folder, `checkpoint-2026-01-0${day + 1}.json`), JSON.stringify(record));
  }
  return folder;
}

beforeAll(async () => {
  mkdirSync(pictures, { recursive: true });
  const build = (...args: string[]) =>
    execFileSync(process.execPath, [RUNNER, ...args], { stdio: 'ignore' });
  build('--records', makeRecords(), '--out', page.made);
  build('--out', page.committed);
  const found = await ensureChromium({ line: () => undefined });
  browser = await chromium.launch({
    executablePath: found.program,
    env: { ...process.env, ...found.env },
    args: ['--no-sandbox', '--disable-gpu'],
  });
}, BROWSER_DEADLINE_MS);

afterAll(async () => {
  await browser?.close();
  rmSync(scratch, { recursive: true, force: true });
});

/** Opens a file without a network; whatever the page complains of, or asks for, is collected. */
async function open(
  file: string,
  viewport: { width: number; height: number },
  colorScheme: 'light' | 'dark',
): Promise<{ view: Page; complaints: string[]; close: () => Promise<void> }> {
  const context = await browser.newContext({ viewport, colorScheme, offline: true });
  const view = await context.newPage();
  const complaints: string[] = [];
  view.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  view.on('pageerror', (error) => complaints.push(error.message));
  view.on('request', (request) => {
    if (!/^(file|data):/u.test(request.url())) complaints.push(`asked for ${request.url()}`);
  });
  await view.goto(pathToFileURL(file).href);
  await view.waitForSelector('.plot canvas');
  return { view, complaints, close: () => context.close() };
}

/** What an expression says inside the page; these run in the browser, so they are text. */
const ask = (view: Page, expression: string): Promise<unknown> => view.evaluate(expression);

const contrastOf = (view: Page, selector: string) =>
  ask(
    view,
    `(() => {
      const channel = (value) =>
        value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4;
      const luminance = (text) => {
        const [red, green, blue] = text.match(/[\\d.]+/g).map(Number);
        return 0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue);
      };
      const ink = luminance(getComputedStyle(document.querySelector('${selector}')).color);
      const ground = luminance(getComputedStyle(document.body).backgroundColor);
      return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
    })()`,
  );

/** Whether the first canvas of a place has a pixel of a colour. */
const hasPixel = (view: Page, selector: string, [red, green, blue]: readonly number[]) =>
  ask(
    view,
    `(() => {
      const canvas = document.querySelector('${selector} canvas');
      const image = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return image.data.some((value, at, all) =>
        at % 4 === 0 && value === ${red} && all[at + 1] === ${green} && all[at + 2] === ${blue});
    })()`,
  );

const FOCUSED = `(({ activeElement: at }) => [at.tagName, at.className || at.id].join(' ').trim())(document)`;

describe('the dashboard in headless Chromium', () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const [device, viewport] of [
      ['desk', DESK],
      ['phone', PHONE],
    ] as const) {
      it(`shows the committed records without a complaint, ${colorScheme}, ${device}`, async () => {
        const { view, complaints, close } = await open(page.committed, viewport, colorScheme);
        const picture = (name: string): string => join(pictures, `${colorScheme}-${name}.png`);
        await view.screenshot({ path: picture(device), fullPage: true });
        // docs/pictures/dashboard.png is light-desk-top.png of `MITHRIL_SCREENSHOTS=DIR`.
        await view.screenshot({ path: picture(`${device}-top`) });
        const overflow = await ask(
          view,
          'document.documentElement.scrollWidth - document.documentElement.clientWidth',
        );
        expect(overflow).toBeLessThanOrEqual(0);
        expect(await view.locator('.plot canvas').count()).toBeGreaterThan(5);
        expect(await contrastOf(view, 'h2')).toBeGreaterThan(4.5);
        expect(await contrastOf(view, '.quiet')).toBeGreaterThan(4.5);
        expect(complaints).toEqual([]);
        await close();
      });
    }
  }

  it('draws the points: the canvas has the colour of the series', async () => {
    const { view, close } = await open(page.made, DESK, 'light');
    expect(await hasPixel(view, CHART, [0x05, 0x50, 0xae])).toBe(true);
    await close();
  });

  it('shows value, date and commit under the pointer', async () => {
    const { view, close } = await open(page.made, DESK, 'light');
    const over = view.locator(`${CHART} .u-over`);
    await over.scrollIntoViewIfNeeded();
    const box = await over.boundingBox();
    if (box === null) throw new Error('the chart has no place');
    await view.mouse.move(box.x + box.width - 20, box.y + 50);
    const tip = await view.locator(TIP).innerText();
    expect(tip).toContain('2026-01-04 01:02, abcdef012');
    expect(tip).toContain('fp32: 2.6 GiB/s');
    await close();
  });

  it('names the target, our goal and the peer with their values', async () => {
    const { view, close } = await open(page.made, DESK, 'light');
    const keys = await view.locator('#checkpoint-compress .keys').innerText();
    expect(keys).toContain("client's target: 2.5 GiB/s");
    expect(keys).toContain('our goal, fp32: 2.5 GiB/s');
    expect(keys).toContain('zstd -3, fp32: 0.44 GiB/s');
    await close();
  });

  it('is reachable by the keyboard alone: charts, values, tables, colours', async () => {
    const { view, complaints, close } = await open(page.made, DESK, 'light');
    const reached = new Set<string>();
    for (let stop = 0; stop < 60; stop++) {
      await view.keyboard.press('Tab');
      reached.add(String(await ask(view, FOCUSED)));
    }
    for (const one of ['A skip', 'BUTTON theme', 'DIV plot', 'SUMMARY']) {
      expect(reached).toContain(one);
    }
    await view.locator(CHART).focus();
    await view.keyboard.press('ArrowRight');
    expect(await view.locator(TIP).innerText()).toContain('fp32: 2.1 GiB/s');
    await view.keyboard.press('End');
    expect(await view.locator('#spoken').innerText()).toContain('fp32: 2.6 GiB/s');
    await view.keyboard.press('Escape');
    expect(await view.locator(TIP).isVisible()).toBe(false);
    await view.locator('#theme').focus();
    await view.keyboard.press('Enter');
    expect(await ask(view, 'document.documentElement.dataset.theme')).toBe('dark');
    await view.locator('#checkpoint-compress summary').focus();
    await view.keyboard.press('Enter');
    expect(await view.locator('#checkpoint-compress table').innerText()).toContain('2.3 GiB/s');
    expect(complaints).toEqual([]);
    await close();
  });
});

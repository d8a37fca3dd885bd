/** npm run icons: draws every icon of the desktop app from electron/resources/sources, with the browser of the end-to-end tests. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright';
import { APP_SIZES, encodeIcns, encodeIco } from './icon-containers.ts';

const resources = new URL('../electron/resources/', import.meta.url).pathname;
/** Seen on light and dark bars; the shape says the same without the colour. */
const TRAY = {
  ready: '#d9972b',
  busy: '#d9972b',
  failed: '#e0473c',
  stopped: '#8c8c94',
  offline: '#8c8c94',
  overlay: '#e0473c',
} as const;

const source = (name: string): string => readFileSync(join(resources, 'sources', `${name}.svg`), 'utf8').trim();

async function draw(page: Page, svg: string, size: number, color = '#000'): Promise<Buffer> {
  await page.setViewportSize({ width: size, height: size });
  await page.setContent(
    `<style>*{margin:0}svg{display:block;width:${size}px;height:${size}px;color:${color}}</style>${svg}`,
  );
  return page.screenshot({ omitBackground: true, clip: { x: 0, y: 0, width: size, height: size } });
}

const browser = await chromium.launch({
  ...(existsSync('/usr/bin/chromium') ? { executablePath: '/usr/bin/chromium' } : {}),
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
});
try {
  const page = await browser.newPage();
  const app = source('app');
  const pngs = new Map<number, Buffer>();
  mkdirSync(join(resources, 'icons'), { recursive: true });
  mkdirSync(join(resources, 'tray'), { recursive: true });
  for (const size of APP_SIZES) {
    const png = await draw(page, app, size);
    pngs.set(size, png);
    writeFileSync(join(resources, 'icons', `${size}x${size}.png`), png);
  }
  writeFileSync(join(resources, 'icon.icns'), encodeIcns(pngs));
  writeFileSync(join(resources, 'icon.ico'), encodeIco(pngs));
  for (const [name, color] of Object.entries(TRAY)) {
    const svg = source(`tray/${name}`);
    for (const [suffix, size] of [
      ['', 16],
      ['@2x', 32],
    ] as const) {
      writeFileSync(join(resources, 'tray', `${name}${suffix}.png`), await draw(page, svg, size, color));
      // macOS takes the shape alone, and colours it as its menu bar is.
      if (name !== 'overlay')
        writeFileSync(join(resources, 'tray', `${name}Template${suffix}.png`), await draw(page, svg, size));
    }
  }
} finally {
  await browser.close();
}

/** The icon in the tray with its menu: what to show is decided in tray-menu.ts. */
import { join } from 'node:path';
import { Menu, nativeImage, Tray } from 'electron';
import { toTemplate, type ShellAction } from './menu-entries.ts';
import { overallState, type ShellState } from './shell-state.ts';
import type { Texts } from './texts.ts';
import { overallText, trayMenu } from './tray-menu.ts';

const isMac = process.platform === 'darwin';

/**
 * @param images folder of the icons, one for each overall state
 * @param onClick where a click does not open the menu
 */
export function createTray(
  images: string,
  act: (action: ShellAction) => void,
  onClick: () => void,
): { show(state: ShellState, texts: Texts): void } {
  const tray = new Tray(trayImage(images, 'offline'));
  // On macOS a click opens the menu, and would open the window as well.
  if (!isMac) tray.on('click', onClick);
  let shown = '';
  return {
    show(state, texts) {
      const overall = overallState(state);
      const entries = trayMenu(state, texts);
      // A menu that is open is closed when another takes its place: only one that differs does.
      const now = JSON.stringify([overall, entries]);
      if (now === shown) return;
      shown = now;
      tray.setImage(trayImage(images, overall));
      tray.setToolTip(`Kojibox: ${overallText(state, texts)}`);
      tray.setContextMenu(Menu.buildFromTemplate(toTemplate(entries, act)));
    },
  };
}

function trayImage(images: string, state: string): Electron.NativeImage {
  const image = nativeImage.createFromPath(join(images, `${state}${isMac ? 'Template' : ''}.png`));
  if (isMac) image.setTemplateImage(true);
  return image;
}

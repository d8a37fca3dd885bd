/** Whether this session of the user starts the app, on each system. */
import { homedir } from 'node:os';
import { app } from 'electron';
import { applyAutostart, autostartFile } from './autostart.ts';

export function applyStartAtLogin(wanted: boolean): void {
  // Out of a checkout there is no program that a session could start.
  if (!app.isPackaged) return;
  if (process.platform === 'linux')
    applyAutostart(autostartFile(process.env, homedir()), process.env['APPIMAGE'] ?? process.execPath, wanted);
  else if (app.getLoginItemSettings({ args: ['--hidden'] }).openAtLogin !== wanted)
    app.setLoginItemSettings({ openAtLogin: wanted, args: ['--hidden'] });
}

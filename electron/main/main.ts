/** The desktop app: one more client of the daemon, with a window and a tray. One instance; a second start hands over and ends. */
import { app, dialog, protocol } from 'electron';
import { KojiboxError } from '../../contract/errors.ts';
import { APP_SCHEME } from './app-origin.ts';
import { LINK_SCHEME } from './deep-link.ts';
import { startShell, type Shell } from './shell.ts';

// Before the app is ready: the page's origin is a full one, with storage and module scripts, and nothing else may be fetched from it.
protocol.registerSchemesAsPrivileged([
  { scheme: APP_SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
]);

async function run(): Promise<void> {
  /** What came before the shell was ready. */
  const early: { argv: readonly string[]; folder: string }[] = [{ argv: process.argv, folder: process.cwd() }];
  let shell: Shell | null = null;
  const handOver = (argv: readonly string[], folder = process.cwd()): void => {
    if (shell === null) early.push({ argv, folder });
    else shell.handOver(argv, folder);
  };
  // macOS hands links and files over by events, everything else by command lines.
  app.on('open-url', (event, url) => {
    event.preventDefault();
    handOver(['', url]);
  });
  app.on('open-file', (event, path) => {
    event.preventDefault();
    handOver(['', path]);
  });
  app.on('second-instance', (_event, argv, folder) => {
    shell?.showWindow();
    handOver(argv, folder);
  });
  app.on('activate', () => shell?.showWindow());
  // Closing the window stops nothing: the tray stays.
  app.on('window-all-closed', () => undefined);
  app.on('web-contents-created', (_event, contents) =>
    contents.on('will-attach-webview', (event) => event.preventDefault()),
  );

  await app.whenReady();
  if (app.isPackaged) app.setAsDefaultProtocolClient(LINK_SCHEME);
  shell = await startShell();
  if (!process.argv.includes('--hidden')) shell.showWindow();
  for (const { argv, folder } of early.splice(0)) shell.handOver(argv, folder);
}

if (app.requestSingleInstanceLock()) {
  run().catch((error: unknown) => {
    const known = error instanceof KojiboxError ? error : null;
    const text =
      known === null
        ? String(error)
        : [known.message, known.detail, known.remedy].filter((line) => line !== '').join('\n');
    process.stderr.write(`${text}\n`);
    dialog.showErrorBox('Kojibox', text);
    app.exit(1);
  });
} else {
  app.quit();
}

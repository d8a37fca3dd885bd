/** The menu bar as a pure function of the platform; on macOS it is where the system expects it. */
import type { MenuEntry, MenuRole, PagePath, ShellAction } from './menu-entries.ts';
import type { Texts } from './texts.ts';

/** @param platform as Node names it; only macOS has a menu of the app itself */
export function appMenu(platform: string, texts: Texts): MenuEntry[] {
  const isMac = platform === 'darwin';
  const separator: MenuEntry = { type: 'separator' };
  const role = (name: MenuRole): MenuEntry => ({ type: 'role', role: name });
  const act = (label: string, action: ShellAction, accelerator?: string): MenuEntry => ({
    type: 'action',
    label,
    enabled: true,
    action,
    ...(accelerator === undefined ? {} : { accelerator }),
  });
  const page = (label: string, path: PagePath, accelerator?: string): MenuEntry =>
    act(label, { type: 'open-page', path }, accelerator);
  const settings = page(texts.pages.settings, '/settings', 'CmdOrCtrl+,');
  const quit = [
    act(texts.quit, { type: 'quit' }, 'CmdOrCtrl+Q'),
    act(texts.quitAndStop, { type: 'quit-and-stop' }, 'CmdOrCtrl+Shift+Q'),
  ];

  return [
    ...(isMac
      ? [
          {
            type: 'submenu',
            label: texts.menu.app,
            entries: [
              role('about'),
              separator,
              settings,
              separator,
              role('services'),
              separator,
              role('hide'),
              role('hideOthers'),
              role('unhide'),
              separator,
              ...quit,
            ],
          } as const,
        ]
      : [
          {
            type: 'submenu',
            label: texts.menu.file,
            entries: [settings, separator, role('close'), ...quit],
          } as const,
        ]),
    {
      type: 'submenu',
      label: texts.menu.edit,
      entries: [
        role('undo'),
        role('redo'),
        separator,
        role('cut'),
        role('copy'),
        role('paste'),
        ...(isMac ? [role('pasteAndMatchStyle')] : []),
        role('selectAll'),
      ],
    },
    {
      type: 'submenu',
      label: texts.menu.view,
      entries: [
        page(texts.pages.dashboard, '/', 'CmdOrCtrl+1'),
        page(texts.pages.projects, '/projects', 'CmdOrCtrl+2'),
        page(texts.pages.runtimes, '/runtimes', 'CmdOrCtrl+3'),
        separator,
        role('reload'),
        role('resetZoom'),
        role('zoomIn'),
        role('zoomOut'),
        separator,
        role('togglefullscreen'),
      ],
    },
    {
      type: 'submenu',
      label: texts.menu.window,
      entries: isMac
        ? [role('minimize'), role('zoom'), separator, role('front')]
        : [
            act(texts.startAll, { type: 'call', method: 'stack.up', params: {} }),
            act(texts.stopAll, { type: 'call', method: 'stack.down', params: {} }),
            separator,
            role('minimize'),
            role('close'),
          ],
    },
    {
      type: 'submenu',
      label: texts.menu.help,
      entries: [page(texts.pages.diagnostics, '/diagnostics'), ...(isMac ? [] : [separator, role('about')])],
    },
  ];
}

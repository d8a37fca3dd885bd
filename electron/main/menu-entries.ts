/** Menus as data: the tray's and the window's are built as pure functions and turned into native ones in one place. */
import type { MenuItemConstructorOptions } from 'electron';

/** Pages of the window that a menu, a notification or a link may lead to. */
export type PagePath =
  | '/'
  | '/projects'
  | '/runtimes'
  | '/settings'
  | '/diagnostics'
  | `/logs?service=${string}`
  | `/runtimes?pack=${string}`;

/** What a person may ask of the shell. `call` is limited to what a menu offers. */
export type ShellAction =
  | {
      readonly type: 'call';
      readonly method: 'stack.up' | 'stack.down' | 'services.start' | 'services.stop' | 'services.restart';
      readonly params: Readonly<Record<string, string>>;
    }
  | { readonly type: 'open-site'; readonly url: string }
  | { readonly type: 'open-window' }
  | { readonly type: 'open-page'; readonly path: PagePath }
  | { readonly type: 'start-daemon' }
  | { readonly type: 'quit' }
  | { readonly type: 'quit-and-stop' };

export type MenuRole = NonNullable<MenuItemConstructorOptions['role']>;

export type MenuEntry =
  | { readonly type: 'separator' }
  | { readonly type: 'label'; readonly label: string }
  /** The system's own item, with its own text and keys. */
  | { readonly type: 'role'; readonly role: MenuRole }
  | {
      readonly type: 'action';
      readonly label: string;
      readonly enabled: boolean;
      readonly action: ShellAction;
      readonly accelerator?: string;
    }
  | { readonly type: 'submenu'; readonly label: string; readonly entries: readonly MenuEntry[] };

/** @param act called with the action of the item that was chosen */
export function toTemplate(
  entries: readonly MenuEntry[],
  act: (action: ShellAction) => void,
): MenuItemConstructorOptions[] {
  return entries.map((entry): MenuItemConstructorOptions => {
    switch (entry.type) {
      case 'separator':
        return { type: 'separator' };
      case 'label':
        return { label: escapeMnemonics(entry.label), enabled: false };
      case 'role':
        return { role: entry.role };
      case 'submenu':
        return { label: escapeMnemonics(entry.label), submenu: toTemplate(entry.entries, act) };
      case 'action':
        return {
          label: escapeMnemonics(entry.label),
          enabled: entry.enabled,
          ...(entry.accelerator === undefined ? {} : { accelerator: entry.accelerator }),
          click: () => act(entry.action),
        };
    }
  });
}

/** An ampersand in a native label marks the next letter as its key; names of projects may have one. */
const escapeMnemonics = (label: string): string => label.replaceAll('&', '&&');

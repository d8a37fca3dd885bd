/** The desktop app around this page, where there is one. It asks for pages to be shown and passes on links that someone clicked. */

/** Mirrors what electron/main/window.ts sends; links were parsed there. */
export type ShellRequest =
  { readonly type: 'page'; readonly path: string } | { readonly type: 'link'; readonly link: ShellLink };

export type ShellLink =
  | { readonly type: 'project'; readonly id: string }
  | { readonly type: 'runtime'; readonly name: string; readonly version: string };

declare global {
  interface Window {
    /** Put here by the preload script of the desktop app; browsers have none. */
    readonly kojibox?: { onRequest(listener: (request: ShellRequest) => void): void };
  }
}

/** In the desktop app the person is asked natively before anything is removed, where no page can answer. */
export const isInShell = (): boolean => window.kojibox !== undefined;

/** Passes one MessagePort and the shell's requests to the page, and the path of a file that the user gave it; nothing else. */
import { contextBridge, ipcRenderer, webUtils } from 'electron';

/** The page says when it listens; before that a port would be lost. */
window.addEventListener('message', ({ data, source }) => {
  if (source === window && data === 'kojibox-ready') ipcRenderer.send('kojibox-ready');
});

ipcRenderer.on('kojibox-port', (event) => {
  window.postMessage('kojibox-port', location.origin, event.ports);
});

contextBridge.exposeInMainWorld('kojibox', {
  /** Pages to show and links to confirm; one listener, the last one counts. */
  onRequest(listener: (request: unknown) => void): void {
    ipcRenderer.removeAllListeners('kojibox-request');
    ipcRenderer.on('kojibox-request', (_event, request: unknown) => listener(request));
  },
});

/** A page knows a dropped file without its place; the daemon reads it there. */
contextBridge.exposeInMainWorld('kojiboxFiles', { pathOf: (file: File) => webUtils.getPathForFile(file) });

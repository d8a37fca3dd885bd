/** Passes one MessagePort from the main process to the page, and the path of a file that the user gave it; nothing else. */
import { contextBridge, ipcRenderer, webUtils } from 'electron';

/** The page says when it listens; before that a port would be lost. */
window.addEventListener('message', ({ data, source }) => {
  if (source === window && data === 'kojibox-ready') ipcRenderer.send('kojibox-ready');
});

ipcRenderer.on('kojibox-port', (event) => {
  window.postMessage('kojibox-port', location.origin, event.ports);
});

/** A page knows a dropped file without its place; the daemon reads it there. */
contextBridge.exposeInMainWorld('kojiboxFiles', { pathOf: (file: File) => webUtils.getPathForFile(file) });

/** Passes one MessagePort from the main process to the page, and nothing else. */
import { ipcRenderer } from 'electron';

/** The page says when it listens; before that a port would be lost. */
window.addEventListener('message', ({ data, source }) => {
  if (source === window && data === 'kojibox-ready') ipcRenderer.send('kojibox-ready');
});

ipcRenderer.on('kojibox-port', (event) => {
  window.postMessage('kojibox-port', location.origin, event.ports);
});

import { closeSync, writeSync } from 'node:fs';

/** Tells the program that started us, over the descriptor it gave. */
export function tellReady(): void {
  const descriptor = Number(process.env['KOJIBOX_READY_FD'] ?? NaN);
  if (!Number.isInteger(descriptor)) return;
  try {
    writeSync(descriptor, 'ready\n');
  } catch {
    // It did not wait; daemon.json says the same.
  }
  try {
    closeSync(descriptor);
  } catch {
    // There was none; what is open would be handed on to every service.
  }
}

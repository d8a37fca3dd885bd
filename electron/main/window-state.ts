/** Where the window was, kept in a small file. What does not fit the screens of today is put right, never shown outside of them. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface WindowState {
  /** Null: where the system puts new windows. */
  readonly position: { readonly x: number; readonly y: number } | null;
  readonly width: number;
  readonly height: number;
  readonly maximized: boolean;
}

export const MIN_SIZE = { width: 420, height: 480 } as const;
const DEFAULT_STATE: WindowState = { position: null, width: 1180, height: 780, maximized: false };
/** Of the title bar, pixels: enough to take hold of the window. */
const GRIP = { width: 100, height: 32 } as const;

const coordinate = z.int().min(-100_000).max(100_000);
const StateSchema = z.strictObject({
  position: z.strictObject({ x: coordinate, y: coordinate }).nullable(),
  width: z.int().min(1).max(100_000),
  height: z.int().min(1).max(100_000),
  maximized: z.boolean(),
});

/** @param text of the file; what is not a state of a window counts as none */
export function parseWindowState(text: string): WindowState {
  try {
    return StateSchema.parse(JSON.parse(text));
  } catch {
    return DEFAULT_STATE; // A damaged file is worth no message: the window opens as it did the first time.
  }
}

/**
 * @param areas work areas of the displays that there are now, at least one; device-independent pixels
 * @returns a window whose title bar can be taken hold of on one of them, and that is no larger than that one
 */
export function fitToDisplays(state: WindowState, areas: readonly Rectangle[]): WindowState {
  const { position } = state;
  const home =
    position === null ? undefined : areas.find((area) => gripIsOn(area, { ...position, width: state.width }));
  const area = home ?? areas[0];
  const width = Math.max(MIN_SIZE.width, Math.min(state.width, area?.width ?? state.width));
  const height = Math.max(MIN_SIZE.height, Math.min(state.height, area?.height ?? state.height));
  // Its display is gone: the system finds a place on one that is there.
  return { position: home === undefined ? null : position, width, height, maximized: state.maximized };
}

function gripIsOn(area: Rectangle, { x, y, width }: { x: number; y: number; width: number }): boolean {
  const overlap = Math.min(x + width, area.x + area.width) - Math.max(x, area.x);
  return overlap >= GRIP.width && y >= area.y && y + GRIP.height <= area.y + area.height;
}

export function loadWindowState(file: string): WindowState {
  try {
    return parseWindowState(readFileSync(file, 'utf8'));
  } catch {
    return DEFAULT_STATE; // The first start.
  }
}

/** Whole or not at all: written beside and renamed. */
export function saveWindowState(file: string, state: WindowState): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, `${JSON.stringify(state)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

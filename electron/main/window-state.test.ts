import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { fitToDisplays, loadWindowState, MIN_SIZE, parseWindowState, saveWindowState } from './window-state.ts';

const folder = mkdtempSync(join(tmpdir(), 'kojibox-window-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const initial = parseWindowState('');
const screenA = { x: 0, y: 0, width: 1920, height: 1040 };
const screenB = { x: 1920, y: 0, width: 1280, height: 1000 };

describe('where the window was', () => {
  it('is kept in a file, written whole', () => {
    const file = join(folder, 'a', 'window.json');
    expect(loadWindowState(file)).toEqual(initial);
    const state = { position: { x: 10, y: 20 }, width: 900, height: 700, maximized: true };
    saveWindowState(file, state);
    expect(loadWindowState(file)).toEqual(state);
    expect(readdirSync(join(folder, 'a'))).toEqual(['window.json']);
  });

  it.each(['', '{', '[]', 'null', '{"width":"1"}', '{"position":null,"width":1e999,"height":1,"maximized":false}'])(
    'is forgotten when the file has %s',
    (text) => {
      const file = join(folder, 'window.json');
      writeFileSync(file, text);
      expect(loadWindowState(file)).toEqual(initial);
    },
  );

  it('stays as it was while its display is there', () => {
    const state = { position: { x: 2000, y: 50 }, width: 900, height: 700, maximized: false };
    expect(fitToDisplays(state, [screenA, screenB])).toEqual(state);
  });

  it('is on a display that is there when its own is gone, and no larger than that', () => {
    const state = { position: { x: 2000, y: 50 }, width: 3000, height: 2000, maximized: true };
    expect(fitToDisplays(state, [screenA])).toEqual({ position: null, width: 1920, height: 1040, maximized: true });
    expect(fitToDisplays({ ...initial, position: { x: 0, y: -500 } }, [screenA]).position).toBeNull();
    expect(fitToDisplays({ ...initial, position: { x: 1900, y: 0 } }, [screenA]).position).toBeNull();
  });

  it('can always be taken hold of', () => {
    const number = fc.integer({ min: -5000, max: 5000 });
    const size = fc.integer({ min: 1, max: 6000 });
    const area = fc.record({
      x: number,
      y: number,
      width: fc.integer({ min: 800, max: 4000 }),
      height: fc.integer({ min: 600, max: 3000 }),
    });
    const state = fc.record({
      position: fc.option(fc.record({ x: number, y: number })),
      width: size,
      height: size,
      maximized: fc.boolean(),
    });
    fc.assert(
      fc.property(state, fc.array(area, { minLength: 1, maxLength: 3 }), (given, areas) => {
        const { position, width, height } = fitToDisplays(given, areas);
        expect(width).toBeGreaterThanOrEqual(MIN_SIZE.width);
        expect(height).toBeGreaterThanOrEqual(MIN_SIZE.height);
        if (position === null) return;
        const seen = areas.some(
          ({ x, y, width: wide, height: high }) =>
            Math.min(position.x + given.width, x + wide) - Math.max(position.x, x) >= 100 &&
            position.y >= y &&
            position.y + 32 <= y + high,
        );
        expect(seen).toBe(true);
      }),
    );
  });
});

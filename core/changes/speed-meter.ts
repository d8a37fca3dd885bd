/** Mean speed over the last seconds, from running totals. */
const WINDOW_MS = 3000;

export class SpeedMeter {
  #samples: { at: number; total: number }[] = [];

  /** @param at monotonic ms; @param total bytes so far */
  add(at: number, total: number): void {
    this.#samples.push({ at, total });
    while (this.#samples.length > 2 && (this.#samples[0]?.at ?? 0) < at - WINDOW_MS) this.#samples.shift();
  }

  /** Bytes per second; 0 when nothing came within the window. */
  rate(now: number): number {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.at < now - WINDOW_MS) return 0;
    const ms = now - first.at;
    return ms <= 0 ? 0 : Math.max(0, Math.round(((last.total - first.total) / ms) * 1000));
  }
}

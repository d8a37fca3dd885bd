/** A change on the terminal: redrawn in place on a terminal, one line per step elsewhere. */
import type { Change, ChangeTask } from '../../contract/changes.ts';
import { formatBytes, formatDuration, paint } from './style.ts';
import { hasColours, inOneLine, shown } from './terminal-text.ts';

const BAR_CELLS = 16;

export interface ProgressView {
  show(change: Change): void;
  /** Leaves the last picture on the screen. */
  end(): void;
}

/** @param stream where to draw; stderr, so that `--json` on stdout stays clean */
export function createProgressView(stream: NodeJS.WriteStream): ProgressView {
  return stream.isTTY === true ? redrawing(stream) : lineByLine(stream);
}

function redrawing(stream: NodeJS.WriteStream): ProgressView {
  let drawn = 0;
  return {
    show(change) {
      const columns = Math.max(40, stream.columns || 80);
      const lines = [...change.tasks.map(taskLine), totalLine(change)].map((line) => clip(safe(line), columns - 1));
      const up = drawn === 0 ? '' : `\x1b[${drawn}A`;
      stream.write(`${up}${lines.map((line) => `\x1b[2K${line}`).join('\n')}\n`);
      drawn = lines.length;
    },
    end() {
      drawn = 0;
    },
  };
}

function lineByLine(stream: NodeJS.WriteStream): ProgressView {
  const said = new Map<string, string>();
  return {
    show(change) {
      for (const task of change.tasks) {
        const step = `${task.status} ${task.step}`;
        if (said.get(task.id) === step || task.status === 'waiting') continue;
        said.set(task.id, step);
        const size = task.totalBytes === null || task.totalBytes === 0 ? '' : ` (${formatBytes(task.totalBytes)})`;
        const time = task.durationMs === null ? '' : ` in ${formatDuration(task.durationMs)}`;
        const detail = task.detail === '' ? '' : `: ${task.detail}`;
        stream.write(`${safe(`  ${task.label}: ${task.step}${size}${detail}${time}`)}\n`);
      }
    },
    end: () => undefined,
  };
}

const safe = (line: string): string => shown(inOneLine(line), hasColours());

const MARKS = {
  waiting: ['dim', '·'],
  running: ['cyan', '▸'],
  done: ['green', '✓'],
  failed: ['red', '✗'],
  skipped: ['dim', '–'],
} as const;

function taskLine(task: ChangeTask): string {
  const [colour, mark] = MARKS[task.status];
  const start = `${paint(colour, mark)} ${task.label.padEnd(14)} ${task.step.padEnd(11)}`;
  if (task.status !== 'running') {
    return `${start} ${paint('dim', [task.detail, task.durationMs === null ? '' : formatDuration(task.durationMs)].filter(Boolean).join(', '))}`;
  }
  if (!['fetch', 'copy', 'verify'].includes(task.step) || task.totalBytes === null || task.totalBytes === 0)
    return `${start} ${paint('dim', task.detail)}`;
  const share = Math.min(1, task.doneBytes / task.totalBytes);
  const full = Math.round(share * BAR_CELLS);
  const bar = `${paint('cyan', '━'.repeat(full))}${paint('dim', '━'.repeat(BAR_CELLS - full))}`;
  const speed = task.bytesPerSecond > 0 ? ` ${formatBytes(task.bytesPerSecond)}/s` : '';
  return `${start} ${bar} ${formatBytes(task.doneBytes)} of ${formatBytes(task.totalBytes)}${paint('dim', speed)}`;
}

function totalLine(change: Change): string {
  const percent = `${Math.floor(change.progress * 100)} %`;
  if (change.status !== 'running') return paint('dim', `${change.summary}: ${change.status}`);
  const left = change.remainingMs === null ? '' : `, about ${formatDuration(Math.max(1000, change.remainingMs))} left`;
  return paint('bold', `${change.summary}: ${percent}`) + paint('dim', left);
}

/** Cuts at the width of the terminal without cutting through a colour sequence. */
function clip(line: string, columns: number): string {
  let shown = 0;
  let result = '';
  for (const part of line.split(/(\x1b\[[0-9;]*m)/)) {
    if (part.startsWith('\x1b[')) {
      result += part;
      continue;
    }
    const piece = part.slice(0, Math.max(0, columns - shown));
    shown += piece.length;
    result += piece;
  }
  return result;
}

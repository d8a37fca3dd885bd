/** What the command palette can do, and in which order it is found. Pure. */

export interface PaletteCommand {
  readonly id: string;
  readonly text: string;
  /** Stops or removes much at once: it is never the first hit of an unfinished word. */
  readonly isSweeping?: boolean;
  run(): unknown;
}

const words = (text: string): string[] => text.toLowerCase().split(/\s+/).filter(Boolean);

/** Higher is better; null when a word is nowhere in the text. */
function scoreOf({ text, isSweeping = false }: PaletteCommand, wanted: readonly string[]): number | null {
  const plain = text.toLowerCase();
  if (!wanted.every((word) => plain.includes(word))) return null;
  if (plain === wanted.join(' ')) return 100;
  const own = words(text);
  const starts = wanted.filter((word) => own.some((part) => part.startsWith(word))).length;
  const inOrder = plain.startsWith(wanted.join(' ')) ? 1 : 0;
  return starts * 2 + inOrder - (isSweeping ? 50 : 0);
}

/** Every word must be somewhere in the text. An exact hit is first; what sweeps comes last unless its whole text is typed. */
export function findCommands(commands: readonly PaletteCommand[], typed: string): readonly PaletteCommand[] {
  const wanted = words(typed);
  if (wanted.length === 0) return commands;
  return commands
    .flatMap((command, index) => {
      const score = scoreOf(command, wanted);
      return score === null ? [] : [{ command, score, index }];
    })
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .map(({ command }) => command);
}

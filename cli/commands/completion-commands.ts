/** koji completion SHELL prints a script; the hidden koji complete -- WORDS is what the script asks. */
import { parseFlags, usage } from '../arguments.ts';
import type { Command } from '../command.ts';
import { completionFor, startingWith, type Candidate } from '../completion/candidates.ts';
import { findLiveValues } from '../completion/live-values.ts';
import { SCRIPTS, SHELLS } from '../completion/scripts.ts';
import { shown, writeForPrograms } from '../render/terminal-text.ts';

/** @param commands all commands, these two included */
export function completionCommands(commands: () => readonly Command[]): readonly Command[] {
  return [
    {
      words: ['completion'],
      usage: SHELLS.join('|'),
      group: 'daemon',
      summary: 'Print the script that lets a shell complete commands, flags and ids.',
      positional: [SHELLS],
      examples: ['completion bash', 'completion fish > ~/.config/fish/completions/koji.fish'],
      async run({ argv }) {
        const { positionals } = parseFlags(argv, {});
        const shell = SHELLS.find((known) => known === positionals[0]);
        if (shell === undefined || positionals.length > 1) throw usage(`give one of ${SHELLS.join(', ')}`);
        writeForPrograms(SCRIPTS[shell]);
        return 0;
      },
    },
    {
      words: ['complete'],
      usage: '-- WORDS',
      group: 'daemon',
      summary: 'Print what may follow WORDS.',
      examples: ['complete -- runtime install ""'],
      hidden: true,
      passThrough: true,
      async run({ argv }) {
        writeForPrograms(shown(await complete(commands(), argv[0] === '--' ? argv.slice(1) : argv), false));
        return 0;
      },
    },
  ];
}

async function complete(commands: readonly Command[], words: readonly string[]): Promise<string> {
  const completion = completionFor(commands, words);
  if (completion.kind === 'files') return ':files\n';
  if (completion.kind === 'words') return linesOf(completion.candidates);
  const { source, given, prefix } = completion;
  if (source === 'folders') return ':folders\n';
  const values = await findLiveValues(source, given);
  const candidates = values.map(({ value, meaning }) => ({ value: prefix + value, meaning }));
  const current = words.at(-1) ?? '';
  return linesOf(startingWith(current === '""' || current === '=' ? '' : current, candidates));
}

/** A meaning may come from a project's settings: it must not break the lines, nor reach the terminal as an escape sequence. */
const linesOf = (candidates: readonly Candidate[]): string =>
  candidates.map(({ value, meaning }) => `${value}\t${meaning.replace(/[\u0000-\u001f\u007f]/g, ' ')}\n`).join('');

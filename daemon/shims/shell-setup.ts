/** The marked block in the start file of a shell, entered in the ledger with its undo. */
import { isAbsolute } from 'node:path';
import { KojiboxError } from '../../contract/errors.ts';
import { RC_FILES, type InitShell } from '../../contract/shell.ts';
import { quoteForSh, shellInit } from '../../contract/shell-init.ts';
import type { Ledger } from '../../core/ledger/ledger.ts';
import { withRcBlock } from '../../core/shims/rc-block.ts';
import { bytesOf, readByteText, toByteText } from '../../core/system/byte-text.ts';
import type { FileSystem } from '../../core/system/files.ts';
import { saySystemChange } from '../../contract/sentences/system-changes.ts';

export interface ShellSetup {
  /** Rejects with VALIDATION_FAILED for a file that no such shell reads, PERMISSION_DENIED. A second call renews the block. */
  install(shell: InitShell, file: string): Promise<void>;
}

export function createShellSetup(options: {
  readonly files: FileSystem;
  readonly ledger: Ledger;
  readonly shims: string;
  /** Tells the blocks of several homes apart. */
  readonly id: string;
}): ShellSetup {
  const { files, ledger, shims, id } = options;
  return {
    async install(shell, file) {
      if (!isAbsolute(file) || !RC_FILES[shell].test(file)) {
        throw new KojiboxError('VALIDATION_FAILED', 'cannot use this start file', {
          detail: `${file} is not an absolute path of a file that ${shell} reads at its start`,
          source: 'shell',
        });
      }
      const change = {
        kind: 'shell-rc' as const,
        target: file,
        summary: saySystemChange('shellPrograms', { shell }),
        undoCommand: `sed -i --follow-symlinks '/^# BEGIN kojibox shell ${id}/,/^# END kojibox shell ${id}/d' ${quoteForSh(file)}`,
      };
      await ledger.record(change, async () => {
        // A file that is a link (dotfiles in a repository) stays one.
        const target = (await files.realPath(file)) ?? file;
        const before = await files.stat(target);
        // A rename would go through; whoever protected the file does not want that.
        if (before !== null && (before.mode & 0o222) === 0) throw cannotWrite(shell, file, 'it is read-only');
        const text = withRcBlock(await readByteText(files, target), id, toByteText(shellInit(shell, shims)));
        const owner =
          before === null ? {} : { mode: before.mode & 0o7777, owner: { uid: before.uid, gid: before.gid } };
        await files.writeAtomic(target, bytesOf(text), owner).catch((cause: unknown) => {
          throw cannotWrite(shell, file, cause instanceof Error ? cause.message : String(cause), cause);
        });
      });
    },
  };
}

const LINES: Readonly<Record<InitShell, string>> = {
  bash: 'eval "$(koji shell-init bash)"',
  zsh: 'eval "$(koji shell-init zsh)"',
  fish: 'koji shell-init fish | source',
  powershell: 'koji shell-init powershell | Out-String | Invoke-Expression',
};

const cannotWrite = (shell: InitShell, file: string, detail: string, cause?: unknown): KojiboxError =>
  new KojiboxError('PERMISSION_DENIED', `cannot write ${file}`, {
    detail,
    source: 'shell',
    remedy: `Add this to ${file} by hand: ${LINES[shell]}`,
    cause,
  });

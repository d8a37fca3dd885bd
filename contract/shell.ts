/** Programs of the stack in the user's own shells. */
import { z } from 'zod';
import { defineOperation } from './define.ts';
import { OkSchema } from './common.ts';

export const INIT_SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const;
export type InitShell = (typeof INIT_SHELLS)[number];

/** Files that a shell reads when it starts, by the ends of their paths. */
export const RC_FILES: Readonly<Record<InitShell, RegExp>> = {
  bash: /\/\.(bashrc|bash_profile|profile)$/,
  zsh: /\/\.(zshrc|zprofile)$/,
  fish: /\/(config\.fish|conf\.d\/[\w.-]+\.fish)$/,
  powershell: /[/\\](profile|Microsoft\.PowerShell_profile)\.ps1$/,
};

export const shellOperations = [
  defineOperation({
    name: 'shell.install',
    summary: 'Add a marked block to the start file of a shell, so that the programs of the stack are on its PATH.',
    kind: 'command',
    access: 'admin',
    reaches: { what: ['files'] },
    input: z.strictObject({
      shell: z.enum(INIT_SHELLS),
      /** Absolute path of the start file, e.g. ~/.bashrc. */
      file: z.string().min(1).max(4096),
    }),
    output: OkSchema,
    errors: ['PERMISSION_DENIED'],
    example: { shell: 'bash', file: '/home/me/.bashrc' },
  }),
] as const;

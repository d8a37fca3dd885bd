/** The code that puts the folder of shims on a shell's PATH, first and once. Written by the command and, on request, into a start file. */
import { PROGRAMS } from './programs.ts';
import type { InitShell } from './shell.ts';

/** In single quotes nothing is special but the quote itself: POSIX.1-2017 XCU 2.2.2; the same in bash and zsh. */
export const quoteForSh = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
/** fish(1), "Quotes": a backslash and a quote are escaped within single quotes. */
const quoteForFish = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
/** about_Quoting_Rules: a quote is doubled within single quotes. */
const quoteForPowerShell = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** @param shims absolute folder */
export function shellInit(shell: InitShell, shims: string): string {
  switch (shell) {
    case 'bash':
    case 'zsh': {
      const folder = quoteForSh(shims);
      return `case ":$PATH:" in
  *:${folder}:*) ;;
  *) export PATH=${folder}"\${PATH:+:$PATH}" ;;
esac
`;
    }
    case 'fish': {
      const folder = quoteForFish(shims);
      return `if not contains -- ${folder} $PATH
    set -gx PATH ${folder} $PATH
end
`;
    }
    case 'powershell': {
      // Windows does not run scripts of sh: there each program is a function that asks koji.
      const functions = PROGRAMS.map((name) => `    function global:${name} { koji ${name} @args }`).join('\n');
      const folder = quoteForPowerShell(shims);
      return `if ([System.IO.Path]::DirectorySeparatorChar -eq '\\') {
${functions}
} elseif (($env:PATH -split [System.IO.Path]::PathSeparator) -notcontains ${folder}) {
    $env:PATH = ${folder} + [System.IO.Path]::PathSeparator + $env:PATH
}
`;
    }
  }
}

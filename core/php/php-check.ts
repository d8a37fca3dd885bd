/** Asks PHP itself: what it has, and what it says of a php.ini before that is used. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { phpIniFile, quoteValue } from '../runtimes/php-ini.ts';
import type { System } from '../system/system.ts';

const TIMEOUT_MS = 20_000;
const ENVIRONMENT = { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8', PHP_INI_SCAN_DIR: '' };

export interface PhpFacts {
  /** Lower-case names of extensions that are part of the program. */
  readonly builtIn: readonly string[];
  /** All directives, those of extensions that are switched off and of Xdebug included. */
  readonly directives: ReadonlySet<string>;
}

export interface PhpCheck {
  /** Asked once per tree. */
  facts(tree: string, series: string): Promise<PhpFacts>;
  /** The tree is another one now. */
  forget(tree: string): void;
  /** What the command line or php-fpm says of this php.ini; null when both take it. */
  complaint(
    tree: string,
    series: string,
    ini: string,
    values: Readonly<Record<string, string>>,
  ): Promise<string | null>;
}

/** Parsed by php-fpm -t, which wants a pool; nothing listens. */
const poolText = (log: string): string => `[global]
error_log = ${log}
[check]
listen = /nowhere
pm = static
pm.max_children = 1
`;
/** https://www.php.net/manual/en/errorfunc.configuration.php: startup errors go to stderr and nowhere else. */
const LOUD = [
  '-d',
  'display_errors=stderr',
  '-d',
  'display_startup_errors=1',
  '-d',
  'log_errors=0',
  '-d',
  'html_errors=0',
];

export function createPhpCheck(system: System, temp: string): PhpCheck {
  const { files, processes, host } = system;
  const known = new Map<string, Promise<PhpFacts>>();
  const user = host.isRoot ? { user: host.serviceUser } : {};

  const run = async (
    command: string,
    args: readonly string[],
  ): Promise<{ code: number | null; text: string; errors: string }> => {
    const { exitCode, stdout, stderr } = await processes.run(command, args, {
      env: ENVIRONMENT,
      cwd: '/',
      timeoutMs: TIMEOUT_MS,
      ...user,
    });
    return { code: exitCode, text: stdout, errors: stderr };
  };

  const ask = async <T>(tree: string, series: string, args: readonly string[], schema: z.ZodType<T>): Promise<T> =>
    schema.parse(JSON.parse((await run(join(tree, `usr/bin/php${series}`), args)).text));

  const findFacts = async (tree: string, series: string): Promise<PhpFacts> => {
    const names = z.array(z.string());
    const [builtIn, directives] = await Promise.all([
      ask(tree, series, ['-n', '-r', 'echo json_encode(get_loaded_extensions());'], names),
      ask(
        tree,
        series,
        [
          '-n',
          '-c',
          phpIniFile(tree),
          '-d',
          'zend_extension=xdebug',
          '-d',
          'xdebug.mode=off',
          '-d',
          'display_errors=stderr',
          '-r',
          'echo json_encode(array_keys(ini_get_all()));',
        ],
        names,
      ),
    ]);
    return { builtIn: builtIn.map((name) => name.toLowerCase()), directives: new Set(directives) };
  };

  return {
    facts(tree, series) {
      const found = known.get(tree) ?? findFacts(tree, series);
      known.set(tree, found);
      // A failure is not remembered.
      found.catch(() => known.delete(tree));
      return found;
    },
    forget: (tree) => void known.delete(tree),

    async complaint(tree, series, ini, values) {
      const folder = join(temp, `php-check-${randomBytes(4).toString('hex')}`);
      const [file, pool, log] = [join(folder, 'php.ini'), join(folder, 'fpm.conf'), join(folder, 'fpm.log')];
      try {
        await files.makeDirectory(folder, { mode: 0o755 });
        await files.writeAtomic(file, ini, { mode: 0o644 });
        await files.writeAtomic(pool, poolText(log), { mode: 0o644 });
        // The folder stays the daemon's: this file alone is for the user that PHP runs as here.
        await files.writeAtomic(log, '', { mode: 0o600, ...(host.isRoot ? { owner: host.serviceUser } : {}) });
        const texts = Object.keys(values).filter((name) => /^['"]/.test(quoteValue(values[name] ?? '')));
        const script = `echo json_encode(array_map('ini_get', json_decode($argv[1])));`;
        const cli = await run(join(tree, `usr/bin/php${series}`), [
          '-n',
          '-c',
          file,
          ...LOUD,
          '-r',
          script,
          '--',
          JSON.stringify(texts),
        ]);
        const said = firstComplaint(cli.errors);
        if (said !== null) return said;
        if (cli.code !== 0) return `the command line ended with code ${cli.code ?? '?'}`;
        // What needs quotation marks must come out of the file as it went in.
        const read = z.array(z.union([z.string(), z.literal(false)])).parse(JSON.parse(cli.text));
        const broken = texts.find((name, index) => read[index] !== false && read[index] !== values[name]);
        if (broken !== undefined) return `${broken} cannot be written in a php.ini`;
        const fpm = await run(join(tree, `usr/sbin/php-fpm${series}`), ['-n', '-c', file, ...LOUD, '-y', pool, '-t']);
        // What comes after it has read the pool goes into its log.
        const told = `${fpm.errors}\n${(await files.readForeign(log)) ?? ''}`.trim();
        return firstComplaint(told) ?? (fpm.code === 0 ? null : (told.split('\n').at(-1) ?? 'php-fpm refuses it'));
      } finally {
        await files.remove(folder);
      }
    },
  };
}

/** Startup warnings, without the prefix of time and place. */
function firstComplaint(errors: string): string | null {
  const line = errors
    .split('\n')
    .find((one) => /\b(Warning|Fatal error|Parse error|syntax error|ERROR|ALERT)\b/.test(one));
  if (line === undefined) return null;
  return line
    .replace(/^\[[^\]]*\]\s*/, '')
    .replace(/^(NOTICE: )?(PHP message: )?(PHP )?/, '')
    .replace(/ in Unknown on line 0$/, '')
    .trim()
    .slice(0, 400);
}

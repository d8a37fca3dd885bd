/**
 * Shims: small programs on the user's PATH that run the version of the project one stands in. They read what is prepared here and start
 * nothing but the program itself: no Node, no question to the daemon.
 */
import type { ProjectConfig } from '../../contract/config.ts';
import { KojiboxError } from '../../contract/errors.ts';
import { PROGRAMS, type Program } from '../../contract/programs.ts';
import { quoteForSh } from '../../contract/shell-init.ts';

type ProgramName = (typeof PROGRAMS)[number];

/** They need a password, which is never written down in the open: `koji` asks the daemon for it. */
const THROUGH_KOJI: readonly ProgramName[] = ['psql', 'mariadb', 'mariadb-dump', 'redis-cli'];
/** Mode of a file with the passwords of a project's environment. */
export const PRIVATE = 0o600;
const DEFAULT_KEY = 'default';

export interface ShimFile {
  /** Relative to the folder of shims. */
  readonly path: string;
  readonly content: string;
  readonly mode: number;
}

export interface ShimPlan {
  /** Absolute folder of the shims. */
  readonly folder: string;
  readonly home: string;
  /** Command of `koji`: program, then arguments. */
  readonly koji: readonly string[];
  /** Set for `koji` alone. */
  readonly kojiEnvironment: Readonly<Record<string, string>>;
  readonly projects: readonly { readonly project: ProjectConfig; readonly realPath: string | null }[];
  /** Of a project's code. Rejects where a setting of it cannot be used. */
  environment(project: ProjectConfig): Promise<ShimEnvironment>;
  /** Rejects with RUNTIME_MISSING where it is not installed. */
  resolve(
    program: ProgramName,
    project: ProjectConfig | null,
    environment: Readonly<Record<string, string>>,
  ): Promise<Program>;
}

export interface ShimEnvironment {
  readonly variables: Readonly<Record<string, string>>;
  /** Names that are left out when tests run. */
  readonly testNames: readonly string[];
}
const NO_ENVIRONMENT: ShimEnvironment = { variables: {}, testNames: [] };

/** All files, to be written as they are; what else lies in the folder is not ours any more. */
export async function planShims(plan: ShimPlan): Promise<ShimFile[]> {
  const script = shimScript(plan.folder);
  const files: ShimFile[] = PROGRAMS.map((name) => ({ path: name, content: script, mode: 0o755 }));
  const table: string[] = [];
  for (const { project, realPath } of [{ project: null, realPath: null }, ...plan.projects]) {
    const key = project?.id ?? DEFAULT_KEY;
    const paths = new Set(
      [project?.path, realPath].flatMap((path) => (path === undefined || path === null ? [] : [path])),
    );
    for (const path of paths) if (!path.includes('\n')) table.push(`${key} ${path}`);
    // Null: a setting of the project cannot be used; `koji` says which when the program is run.
    const environment = project === null ? NO_ENVIRONMENT : await readOrNull(plan, project);
    for (const name of PROGRAMS) {
      const { content, isFallback } = await runLines(plan, name, project, environment);
      const folder = isFallback ? '.missing' : `.for/${project === null ? '' : 'project-'}${key}`;
      // What is said when no one else has it either depends on no project.
      if (!isFallback || project === null)
        files.push({ path: `${folder}/${name}`, content, mode: project === null ? 0o644 : PRIVATE });
    }
  }
  files.push({ path: '.table', content: table.map((line) => `project-${line}\n`).join(''), mode: 0o644 });
  return files;
}

async function readOrNull(plan: ShimPlan, project: ProjectConfig): Promise<ShimEnvironment | null> {
  try {
    return await plan.environment(project);
  } catch (error) {
    if (error instanceof KojiboxError) return null;
    throw error;
  }
}

/** `isFallback`: the next program of this name on the PATH is meant, and this is for when there is none. */
async function runLines(
  plan: ShimPlan,
  name: ProgramName,
  project: ProjectConfig | null,
  environment: ShimEnvironment | null,
): Promise<{ readonly content: string; readonly isFallback: boolean }> {
  const throughKoji = execLines(plan.koji, [name], { ...plan.kojiEnvironment, KOJIBOX_HOME: plan.home });
  try {
    const { command, args, env, drop } = await plan.resolve(name, project, environment?.variables ?? {});
    const content =
      THROUGH_KOJI.includes(name) || environment === null
        ? throughKoji
        : execLines([command], args, env, {
            first: drop.length === 0 ? '' : `unset ${LEADING_ELSEWHERE.join(' ')}\n`,
            last: testLine(environment.testNames),
          });
    return { content, isFallback: false };
  } catch (error) {
    if (!(error instanceof KojiboxError)) throw error;
    if (error.code !== 'RUNTIME_MISSING' && error.code !== 'RUNTIME_UNSUPPORTED') throw error;
    // A version that the project asks for must not silently become another one.
    const asks =
      project !== null &&
      ['PHP_VERSION', 'NODE_VERSION'].some((key) => error.detail.includes(` ${project.overrides[key] ?? '\n'} `));
    const says = asks
      ? `koji: ${error.message} in ${project.name}: ${error.detail}. ${error.remedy}`
      : `koji: there is no ${name}, neither in Kojibox nor elsewhere. ${error.remedy}`;
    // In a terminal `koji` offers to install it.
    const content = `if [ -t 0 ] && [ -t 2 ]; then\n${throughKoji}fi\necho ${quoteForSh(says)} >&2\nexit 127\n`;
    return { content, isFallback: !asks };
  }
}

function execLines(
  command: readonly string[],
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  { first, last }: { readonly first: string; readonly last: string } = { first: '', last: '' },
): string {
  const exports = Object.entries(env).map(([name, value]) =>
    // A program's own folder comes first; the rest of the PATH is the caller's.
    name === 'PATH'
      ? `export PATH=${quoteForSh(value.split(':')[0] ?? '')}:"$PATH"\n`
      : `export ${name}=${quoteForSh(value)}\n`,
  );
  return `${first}${exports.join('')}${last}exec ${[...command, ...args].map(quoteForSh).join(' ')} "$@"\n`;
}

/** Variables of the caller that lead a client program to another server, besides those that are set here. */
const LEADING_ELSEWHERE = [
  'PGHOSTADDR',
  'PGSERVICE',
  'PGSERVICEFILE',
  'PGPASSFILE',
  'PGOPTIONS',
  'PGSSLMODE',
  'PGREQUIRESSL',
  'PGREQUIREAUTH',
  'PGREQUIREPEER',
  'PGCHANNELBINDING',
  'PGSSLNEGOTIATION',
  'PGTARGETSESSIONATTRS',
  'PGLOADBALANCEHOSTS',
  'MYSQL_HOST',
  'MYSQL_TCP_PORT',
  'MYSQL_UNIX_PORT',
  'MYSQL_PWD',
  'REDISCLI_AUTH',
] as const;

/** Tests choose their database themselves; see `isTestRun` of the contract, which says the same for `koji`. */
const testLine = (names: readonly string[]): string =>
  names.length === 0 ? '' : `koji_tests "$@" && unset ${names.join(' ')}\n`;

/** POSIX.1-2017 XCU 2; `-ef` of test(1) is beyond it, and known to dash, bash, busybox and ksh. */
const shimScript = (folder: string): string => `#!/bin/sh
# Made by Kojibox: runs the version of the project one stands in. See: koji shell-init --help
koji_shims=${quoteForSh(folder)}
koji_name=\${0##*/}
koji_tests() {
  case " \${APP_ENV-} \${RAILS_ENV-} \${RACK_ENV-} \${NODE_ENV-} \${MIX_ENV-} " in *" test "* | *" testing "*) return 0 ;; esac
  koji_count=0
  for koji_word; do
    koji_count=$((koji_count + 1))
    case $koji_word in --env=test | --env=testing) return 0 ;; esac
    [ "$koji_count" -gt 4 ] && continue
    case \${koji_word##*/} in
      phpunit | pest | paratest | codecept | behat | phpspec | rspec | pytest | py.test | jest | vitest | mocha | ava) return 0 ;;
      phpunit.phar | test | test:* | tests | tests:* | *:test:*) return 0 ;;
    esac
  done
  return 1
}
koji_find() {
  koji_best=0
  for koji_line in $koji_lines; do
    koji_path=\${koji_line#* }
    case "$1/" in
      "$koji_path"/*) [ \${#koji_path} -gt "$koji_best" ] && koji_best=\${#koji_path} koji_key=\${koji_line%% *} ;;
    esac
  done
  [ "$koji_best" -gt 0 ]
}
koji_key=${DEFAULT_KEY}
if [ -r "$koji_shims/.table" ]; then
  # Not "read", which takes one byte at a time (POSIX: what follows a line is left for others): 1000 projects took 90 ms.
  koji_lines=$(command -p cat "$koji_shims/.table")
  set -f
  IFS='
'
  if ! koji_find "$PWD"; then
    koji_real=$(pwd -P 2>/dev/null)
    [ "$koji_real" = "$PWD" ] || koji_find "$koji_real"
  fi
  set +f
  unset IFS
fi
if [ -r "$koji_shims/.for/$koji_key/$koji_name" ]; then
  . "$koji_shims/.for/$koji_key/$koji_name"
fi
koji_rest=$PATH:
while [ -n "$koji_rest" ]; do
  koji_folder=\${koji_rest%%:*}
  koji_rest=\${koji_rest#*:}
  koji_next=\${koji_folder:-.}/$koji_name
  if [ -f "$koji_next" ] && [ -x "$koji_next" ] && ! [ "$koji_next" -ef "$0" ]; then
    exec "$koji_next" "$@"
  fi
done
if [ -r "$koji_shims/.missing/$koji_name" ]; then
  . "$koji_shims/.missing/$koji_name"
fi
echo "koji: there is no $koji_name, neither in Kojibox nor elsewhere. See: koji runtime list" >&2
exit 127
`;

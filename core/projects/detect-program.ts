/** Programs of other languages: which framework a folder holds, and the command that its documentation gives for development. */
import { join } from 'node:path';
import type { FolderView } from './folder-view.ts';

export interface FoundProgram {
  readonly framework: string;
  /** For the shell, with $PORT; null: the framework is known, and what starts it is not. */
  readonly command: string | null;
}

const LOOPBACK = '127.0.0.1';

type Finder = (view: FolderView) => Promise<FoundProgram | null>;

/** Frameworks whose marker is certain, also beside a package.json: that one then builds their scripts and styles. */
const CERTAIN: readonly Finder[] = [django, rails, phoenix];
/** The rest comes after Node. */
const OTHERS: readonly Finder[] = [bun, deno, python, ruby, go, rust, java, elixir, dotnet, hugo, procfile];

export const detectCertainProgram = (view: FolderView): Promise<FoundProgram | null> => firstOf(CERTAIN, view);
export const detectOtherProgram = (view: FolderView): Promise<FoundProgram | null> => firstOf(OTHERS, view);

/** The first that has a command, else the first that knows the language. */
async function firstOf(finders: readonly Finder[], view: FolderView): Promise<FoundProgram | null> {
  let known: FoundProgram | null = null;
  for (const find of finders) {
    const found = await find(view);
    if (found?.command !== undefined && found.command !== null) {
      // A Procfile says how the language is started here.
      return found.framework === PROCFILE && known !== null ? { ...known, command: found.command } : found;
    }
    known ??= found;
  }
  return known;
}

/** https://docs.djangoproject.com/en/stable/ref/django-admin/#runserver */
async function django(view: FolderView): Promise<FoundProgram | null> {
  if (!(await view.has('manage.py'))) return null;
  return { framework: 'Django', command: `python3 manage.py runserver ${LOOPBACK}:$PORT` };
}

async function rails(view: FolderView): Promise<FoundProgram | null> {
  const gemfile = await view.text('Gemfile');
  if (gemfile === null || !(await view.has('config/application.rb'))) return null;
  const rails = (await view.has('bin/rails')) ? 'bin/rails' : 'bundle exec rails';
  return { framework: 'Rails', command: `${rails} server -b ${LOOPBACK} -p $PORT` };
}

async function phoenix(view: FolderView): Promise<FoundProgram | null> {
  const mix = await view.text('mix.exs');
  return mix !== null && /:phoenix\b/.test(mix) ? { framework: 'Phoenix', command: 'mix phx.server' } : null;
}

async function bun(view: FolderView): Promise<FoundProgram | null> {
  if (!(await view.anyOf(['bun.lock', 'bun.lockb', 'bunfig.toml']))) return null;
  for (const file of ['server.ts', 'index.ts', 'src/server.ts', 'src/index.ts'])
    if (await view.has(file)) return { framework: 'Bun', command: `bun run ${file}` };
  return { framework: 'Bun', command: null };
}

/** https://docs.deno.com/runtime/reference/cli/task/ */
async function deno(view: FolderView): Promise<FoundProgram | null> {
  const config = (await view.text('deno.json')) ?? (await view.text('deno.jsonc'));
  if (config === null) return null;
  const task = ['dev', 'start', 'serve'].find((name) => new RegExp(`"${name}"\\s*:`).test(config));
  return { framework: 'Deno', command: task === undefined ? null : `deno task ${task}` };
}

async function python(view: FolderView): Promise<FoundProgram | null> {
  const lists = await Promise.all(
    ['requirements.txt', 'pyproject.toml', 'Pipfile', 'setup.py', 'setup.cfg'].map((file) => view.text(file)),
  );
  if (lists.every((list) => list === null)) return null;
  const needs = (name: string): boolean => lists.some((list) => new RegExp(`\\b${name}\\b`, 'i').test(list ?? ''));
  if (needs('fastapi') || needs('starlette')) {
    const module = await moduleWith(view, /\b(?:FastAPI|Starlette)\s*\(/);
    const command =
      module === null ? null : `python3 -m uvicorn ${module}:app --host ${LOOPBACK} --port $PORT --reload`;
    return { framework: 'FastAPI', command };
  }
  if (needs('flask')) {
    const module = await moduleWith(view, /\bFlask\s*\(/);
    const command =
      module === null ? null : `python3 -m flask --app ${module} run --debug --host ${LOOPBACK} --port $PORT`;
    return { framework: 'Flask', command };
  }
  return { framework: 'Python', command: null };
}

/** The module that makes the application, by the names that are usual. */
async function moduleWith(view: FolderView, pattern: RegExp): Promise<string | null> {
  for (const path of ['app.py', 'main.py', 'wsgi.py', 'asgi.py', 'app/main.py', 'app/__init__.py', 'src/main.py'])
    if (pattern.test((await view.text(path)) ?? ''))
      return path
        .replace(/(?:\/__init__)?\.py$/, '')
        .split('/')
        .join('.');
  return null;
}

async function ruby(view: FolderView): Promise<FoundProgram | null> {
  const gemfile = await view.text('Gemfile');
  if (gemfile === null) return null;
  if (/\bjekyll\b/.test(gemfile))
    return { framework: 'Jekyll', command: `bundle exec jekyll serve --host ${LOOPBACK} --port $PORT` };
  const framework = /\bsinatra\b/.test(gemfile) ? 'Sinatra' : 'Ruby';
  if (await view.has('config.ru')) return { framework, command: `bundle exec rackup -o ${LOOPBACK} -p $PORT` };
  for (const file of ['app.rb', 'server.rb'])
    if (framework === 'Sinatra' && (await view.has(file)))
      return { framework, command: `bundle exec ruby ${file} -o ${LOOPBACK} -p $PORT` };
  return { framework, command: null };
}

async function go(view: FolderView): Promise<FoundProgram | null> {
  if (!(await view.has('go.mod'))) return null;
  if (/^package main\b/m.test((await view.text('main.go')) ?? '')) return { framework: 'Go', command: 'go run .' };
  const commands = await view.list('cmd');
  const [only] = commands;
  return { framework: 'Go', command: only !== undefined && commands.length === 1 ? `go run ./cmd/${only}` : null };
}

async function rust(view: FolderView): Promise<FoundProgram | null> {
  if (!(await view.has('Cargo.toml'))) return null;
  return { framework: 'Rust', command: (await view.has('src/main.rs')) ? 'cargo run' : null };
}

/** https://docs.spring.io/spring-boot/reference/features/external-config.html: SERVER_PORT is server.port. */
async function java(view: FolderView): Promise<FoundProgram | null> {
  const pom = await view.text('pom.xml');
  const gradle = (await view.text('build.gradle')) ?? (await view.text('build.gradle.kts'));
  const build = pom ?? gradle;
  if (build === null) return null;
  const maven = (await view.has('mvnw')) ? 'sh ./mvnw' : 'mvn';
  const wrapper = (await view.has('gradlew')) ? 'sh ./gradlew' : 'gradle';
  if (/spring-boot|org\.springframework\.boot/.test(build)) {
    const run = pom === null ? `${wrapper} bootRun` : `${maven} spring-boot:run`;
    return { framework: 'Spring Boot', command: `SERVER_PORT=$PORT SERVER_ADDRESS=${LOOPBACK} ${run}` };
  }
  if (/quarkus/.test(build)) {
    const run = pom === null ? `${wrapper} quarkusDev` : `${maven} quarkus:dev`;
    return { framework: 'Quarkus', command: `QUARKUS_HTTP_PORT=$PORT ${run}` };
  }
  return { framework: 'Java', command: null };
}

async function elixir(view: FolderView): Promise<FoundProgram | null> {
  return (await view.has('mix.exs')) ? { framework: 'Elixir', command: null } : null;
}

/** https://learn.microsoft.com/dotnet/core/tools/dotnet-run; a launch profile would bring a port of its own. */
async function dotnet(view: FolderView): Promise<FoundProgram | null> {
  const names = (await view.list('')).filter((name) => /\.(?:cs|fs|vb)proj$/.test(name));
  const [only] = names;
  if (only === undefined) return (await view.list('')).some((name) => /\.slnx?$/.test(name)) ? NET : null;
  const isWeb = names.length === 1 && /Microsoft\.NET\.Sdk\.Web/.test((await view.text(only)) ?? '');
  return isWeb ? { ...NET, command: `dotnet run --no-launch-profile --urls http://${LOOPBACK}:$PORT` } : NET;
}
const NET: FoundProgram = { framework: '.NET', command: null };

async function hugo(view: FolderView): Promise<FoundProgram | null> {
  if (!(await view.anyOf(['hugo.toml', 'hugo.yaml', 'hugo.json']))) return null;
  return { framework: 'Hugo', command: `hugo server --bind ${LOOPBACK} --port $PORT` };
}

const PROCFILE = 'Procfile';
/** The line `web:` of a Procfile is the web server of a project in any language, and takes $PORT. */
async function procfile(view: FolderView): Promise<FoundProgram | null> {
  const text = (await view.text('Procfile.dev')) ?? (await view.text('Procfile'));
  const command = /^web:[ \t]*(\S.*)$/m.exec(text ?? '')?.[1]?.trim();
  return command === undefined ? null : { framework: PROCFILE, command };
}

/** Folders in which programs of a project's own tools lie, first on its PATH. */
export const toolFolders = (folder: string): string[] =>
  ['node_modules/.bin', '.venv/bin', 'venv/bin', 'vendor/bin'].map((name) => join(folder, name));

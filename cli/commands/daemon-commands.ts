/** serve, quit, doctor, call: the daemon itself. */
import { spawn } from 'node:child_process';
import type { OperationName } from '../../contract/index.ts';
import { operationByName } from '../../contract/index.ts';
import { KojiboxError } from '../../contract/errors.ts';
import { noArguments, parseFlags, usage } from '../arguments.ts';
import { print, printJson, type Command } from '../command.ts';
import { daemonProgram, ensureDaemon, findDaemon, homeFolder, readDaemonFile } from '../daemon-process.ts';
import { paint } from '../render/style.ts';
import { fixChecks } from '../doctor-fix.ts';
import { waitForExit } from '../process-exit.ts';

const serve: Command = {
  words: ['serve'],
  usage: '',
  group: 'daemon',
  summary: 'Run the daemon in the foreground; Ctrl-C stops everything.',
  examples: ['serve'],
  run({ argv }) {
    noArguments(argv);
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, ['--no-warnings', daemonProgram()], {
        stdio: 'inherit',
        env: { ...process.env, KOJIBOX_HOME: homeFolder() },
      });
      // A terminal sends Ctrl-C to the whole group, the daemon included: only stay until it ended. Others reach this process alone.
      process.on('SIGINT', () => undefined);
      process.on('SIGTERM', () => child.kill('SIGTERM'));
      child.on('error', reject);
      child.on('exit', (code) => resolve(code ?? 1));
    });
  },
};

const quit: Command = {
  words: ['quit'],
  usage: '[--keep-services]',
  group: 'daemon',
  summary: 'Stop everything and end the daemon.',
  options: [['--keep-services', 'leave the services running; the next daemon takes them over']],
  examples: ['quit', 'quit --keep-services'],
  async run({ argv, json }) {
    const { values } = parseFlags(argv, { 'keep-services': { type: 'boolean' } });
    // One that ends in order leaves no record. After a crash the next one takes the services over, to stop them.
    const client = (await findDaemon()) ?? (readDaemonFile() === null ? null : await ensureDaemon());
    const pid = readDaemonFile()?.pid;
    if (client !== null && pid !== undefined) {
      await client.call('daemon.quit', { keepServices: values['keep-services'] === true });
      client.close();
      await waitForExit(pid, 30_000);
    }
    if (json) printJson({ result: 'ok' });
    else print(client === null ? 'Kojibox was not running.' : `${paint('green', '✓')} Kojibox ended.`);
    return 0;
  },
};

const MARKS = {
  passed: ['green', '✓'],
  warning: ['yellow', '!'],
  failed: ['red', '✗'],
  skipped: ['dim', '–'],
} as const;

const doctor: Command = {
  words: ['doctor'],
  usage: '[--fix]',
  group: 'daemon',
  summary: 'Check this machine and the installation. Exit code 1 when something failed.',
  options: [['--fix', 'do what the checks propose; asks for your password where that needs more rights']],
  examples: ['doctor', 'doctor --fix', 'doctor --json'],
  async run({ argv, json }) {
    const { values, positionals } = parseFlags(argv, { fix: { type: 'boolean' } });
    if (positionals.length > 0) throw usage(`it takes no values: ${positionals.join(' ')}`);
    const client = await ensureDaemon();
    try {
      if (values['fix'] === true) await fixChecks(client, await client.call('doctor.run', {}), json);
      const checks = await client.call('doctor.run', {});
      if (json) printJson(checks);
      else {
        for (const check of checks) {
          const [colour, mark] = MARKS[check.status];
          print(`${paint(colour, mark)} ${check.description}: ${paint('dim', check.evidence)}`);
          if (check.remedy !== null) print(`  ${paint('cyan', '→')} ${check.remedy}`);
        }
      }
      return checks.some(({ status }) => status === 'failed') ? 1 : 0;
    } finally {
      client.close();
    }
  },
};

const call: Command = {
  words: ['call'],
  usage: 'METHOD [JSON]',
  group: 'daemon',
  summary: 'Call any operation and print its result as JSON.',
  positional: [[...operationByName.keys()]],
  examples: ['call services.list', 'call services.start \'{"id":"redis"}\''],
  async run({ argv }) {
    const [method, text = '{}', ...rest] = argv;
    if (method === undefined || rest.length > 0)
      throw usage('give a method and, if it needs any, its parameters as one JSON object');
    let params: unknown;
    try {
      params = JSON.parse(text);
    } catch (error) {
      throw usage(`the parameters are not JSON: ${error instanceof Error ? error.message : ''}`);
    }
    if (!operationByName.has(method)) {
      throw new KojiboxError('METHOD_UNKNOWN', `there is no operation "${method}"`, {
        detail: 'names look like services.list',
        source: 'cli',
      });
    }
    const client = await ensureDaemon();
    try {
      printJson(await client.call(method as OperationName, params as never));
      return 0;
    } finally {
      client.close();
    }
  },
};

export const daemonCommands: readonly Command[] = [serve, quit, doctor, call];

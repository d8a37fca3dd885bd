/** What an update asks of a version: whether its programs start at all, and its daemon. Not for people. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { KojiboxError } from '../../contract/errors.ts';
import { parseFlags, usage } from '../arguments.ts';
import { print, type Command } from '../command.ts';
import { daemonProgram, startDaemon } from '../daemon-process.ts';
import { VERSION } from '../version.ts';

const selfCheck: Command = {
  words: ['update', 'self-check'],
  usage: '',
  group: 'daemon',
  summary: 'Print the version, when both programs start and agree on it.',
  examples: ['update self-check'],
  hidden: true,
  async run() {
    const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', daemonProgram(), '--version']);
    if (stdout.trim() !== VERSION)
      throw new KojiboxError('UPDATE_INVALID', `cannot use version ${VERSION}`, {
        detail: `its daemon says that it is ${stdout.trim()}`,
        source: 'cli',
      });
    print(VERSION);
    return 0;
  },
};

const start: Command = {
  words: ['update', 'start-daemon'],
  usage: '--deadline-ms N',
  group: 'daemon',
  summary: 'Start the daemon of this version, and end it when it does not answer in time.',
  examples: ['update start-daemon --deadline-ms 30000'],
  hidden: true,
  async run({ argv }) {
    const { values } = parseFlags(argv, { 'deadline-ms': { type: 'string' } });
    const deadlineMs = Number(values['deadline-ms']);
    if (!(deadlineMs > 0)) throw usage('--deadline-ms takes a number of milliseconds');
    await startDaemon({ deadlineMs, endsOnFailure: true });
    return 0;
  },
};

export const updateStartCommands: readonly Command[] = [selfCheck, start];

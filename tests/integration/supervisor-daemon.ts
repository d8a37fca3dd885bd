/**
 * A small daemon for tests that is made to be killed: starts or adopts the services given, and tells on stdout.
 *
 * argv: home, JSON of the services, `start`, `recover`, or `die-while-launching`
 */
import * as table from '../../daemon/system/process-facts.linux.ts';
import { createWorld, type ServiceUnderTest } from './supervisor-world.ts';

const [home = '', services = '[]', what = 'start'] = process.argv.slice(2);
const wanted = JSON.parse(services) as ServiceUnderTest[];
// The driver looks at the new process first thing after the launch, before it writes the pid down: the worst moment to die.
const deadly: typeof table = {
  ...table,
  identifyNow(pid) {
    if (pid !== process.pid) process.kill(process.pid, 'SIGKILL');
    return table.identifyNow(pid);
  },
};
const { supervisor } = createWorld(home, wanted, what === 'die-while-launching' ? deadly : table);
const say = (message: object): void => void process.stdout.write(`${JSON.stringify(message)}\n`);

const recovered = await supervisor.recover();
say({ recovered });
if (what !== 'recover') await supervisor.startAll(wanted.map(({ id }) => id));
say({ running: Object.fromEntries(supervisor.states().map(({ id, pid }) => [id, pid])) });
setInterval(() => undefined, 1000);

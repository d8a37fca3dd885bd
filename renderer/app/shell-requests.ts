/** Does what the desktop app asks for. A link may come from any web page, so nothing is done before the person has agreed. */
import { watch } from 'vue';
import type { Router } from 'vue-router';
import { t } from '../locales/index.ts';
import { useConfirm } from '../stores/confirm.ts';
import type { ShellLink } from '../stores/shell.ts';
import { useStack } from '../stores/stack.ts';

export function followShell(router: Router): void {
  const stack = useStack();
  const confirm = useConfirm();

  const open = async (link: ShellLink): Promise<void> => {
    await snapshotOf(stack);
    if (link.type === 'runtime') {
      const { name, version } = link;
      if (!(await confirm.ask(t.shell.installTitle(`${name} ${version}`), t.shell.fromLink, t.shell.install))) return;
      await router.push('/runtimes');
      await stack.call('runtime.install', { name, version });
      return;
    }
    const site = stack.sites.find(({ projectId }) => projectId === link.id);
    if (site === undefined) stack.say(t.shell.noProject(link.id));
    else if (await confirm.ask(t.shell.openTitle(site.name, site.domain), t.shell.fromLink, t.shell.open))
      window.open(site.url, '_blank', 'noreferrer');
  };

  window.kojibox?.onRequest((request) => {
    if (request.type === 'page') void router.push(request.path);
    else if (request.type === 'link') void open(request.link);
  });
}

/** Resolves when the daemon has told what there is. */
function snapshotOf(stack: ReturnType<typeof useStack>): Promise<void> {
  return new Promise((resolve) => {
    const stop = watch(
      () => stack.known,
      (known) => {
        if (!known) return;
        resolve();
        queueMicrotask(() => stop());
      },
      { immediate: true },
    );
  });
}

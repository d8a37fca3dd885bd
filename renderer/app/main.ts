/** The page: shows its frame at once, and connects. */
import { createPinia } from 'pinia';
import { createApp, h, shallowReactive } from 'vue';
import { KojiboxError } from '../../contract/errors.ts';
import { t } from '../locales/index.ts';
import { useLanguage } from '../stores/language.ts';
import { useNotices } from '../stores/notices.ts';
import { useStack } from '../stores/stack.ts';
import { useTheme } from '../stores/theme.ts';
import { DIALOG_WORDS } from '../ui/dialog-words.ts';
import App from './App.vue';
import { connect, takeTicket } from './connection.ts';
import { createPages } from './router.ts';
import { followShell } from './shell-requests.ts';
import { welcome } from './welcome.ts';
import './theme.css';

const pinia = createPinia();
useTheme(pinia);
const language = useLanguage(pinia);
const ticket = takeTicket();
const connecting = connect(ticket);
await language.choose(language.chosen);
const pages = createPages();
/** The daemon proves itself before it is asked for anything; the frame is seen before that. */
const root = shallowReactive({ hasKey: true });
const app = createApp(() => h(App, root));
// What no part of the window has caught, such as an error of a click: said, and the window stays as it is.
app.config.errorHandler = (error) => {
  reportError(error);
  useNotices(pinia).complain(new KojiboxError('INTERNAL', t.broken.action, { detail: String(error), source: 'ui' }));
};
app
  .provide(DIALOG_WORDS, {
    get broken() {
      return t.broken.dialog;
    },
    get tryAgain() {
      return t.tryAgain;
    },
    get discardQuestion() {
      return t.discard.question;
    },
    get keep() {
      return t.discard.keep;
    },
    get discard() {
      return t.discard.yes;
    },
  })
  .use(pinia)
  .use(pages)
  .mount('#app');
followShell(pages);
const client = await connecting;
root.hasKey = client !== null;
if (client !== null) {
  useStack(pinia).begin(client);
  void welcome(client, pages);
}

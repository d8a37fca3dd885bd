/** The page: connects, then shows. */
import { createPinia } from 'pinia';
import { createApp } from 'vue';
import { useLanguage } from '../stores/language.ts';
import { useStack } from '../stores/stack.ts';
import { useTheme } from '../stores/theme.ts';
import App from './App.vue';
import { connect } from './connection.ts';
import { createPages } from './router.ts';
import { followShell } from './shell-requests.ts';
import { welcome } from './welcome.ts';
import './theme.css';

const pinia = createPinia();
useTheme(pinia);
const language = useLanguage(pinia);
const [client] = await Promise.all([connect(), language.choose(language.chosen)]);
// After the key was taken out of the fragment, which is the router's from here on.
const pages = createPages();
createApp(App, { hasToken: client !== null })
  .use(pinia)
  .use(pages)
  .mount('#app');
followShell(pages);
if (client !== null) {
  useStack(pinia).begin(client);
  void welcome(client, pages);
}

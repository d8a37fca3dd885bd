/** The page: connects, then shows. */
import { createPinia } from 'pinia';
import { createApp } from 'vue';
import { useStack } from '../stores/stack.ts';
import { useTheme } from '../stores/theme.ts';
import App from './App.vue';
import { connect } from './connection.ts';
import './theme.css';

const pinia = createPinia();
useTheme(pinia);
const client = await connect();
createApp(App, { hasToken: client !== null })
  .use(pinia)
  .mount('#app');
if (client !== null) useStack(pinia).begin(client);

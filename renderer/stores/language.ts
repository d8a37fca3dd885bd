/** The language of the interface: the one in the settings, else the browser's. */
import { defineStore } from 'pinia';
import { ref } from 'vue';
import { browserLanguage, setLanguage, type Language } from '../locales/index.ts';

const KEY = 'kojibox-language';

export const useLanguage = defineStore('language', () => {
  const chosen = ref<Language | null>(localStorage.getItem(KEY) as Language | null);

  /** @param language null: like the browser */
  async function choose(language: Language | null): Promise<void> {
    chosen.value = language;
    if (language === null) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, language);
    await setLanguage(language ?? browserLanguage());
  }
  return { chosen, choose };
});

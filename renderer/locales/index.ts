/** The texts in the language of choice. `t` is reactive: a template that reads it changes with the language. */
import { shallowRef } from 'vue';
import type { LANGUAGES } from '../../contract/config.ts';
import { en, type Messages } from './en.ts';

export type Language = (typeof LANGUAGES)[number];

/** English is always there; the others are fetched when they are chosen. */
const LOADERS: Readonly<Record<Language, () => Promise<Messages>>> = {
  en: () => Promise.resolve(en),
  id: async () => (await import('./id.ts')).id,
  de: async () => (await import('./de.ts')).de,
};

const messages = shallowRef<Messages>(en);

export const t: Messages = new Proxy(en, {
  get: (_, key) => messages.value[key as keyof Messages],
});

/** The first language of the browser that there is. */
export function browserLanguage(): Language {
  const known = Object.keys(LOADERS) as Language[];
  const wanted = navigator.languages.map((tag) => tag.split('-')[0]?.toLowerCase());
  return known.find((language) => language === wanted.find((tag) => known.includes(tag as Language))) ?? 'en';
}

/** Changes all texts at once. */
export async function setLanguage(language: Language): Promise<void> {
  messages.value = await LOADERS[language]();
  document.documentElement.lang = language;
}

/** Light, dark, or like the system; remembered. */
import { defineStore } from 'pinia';
import { computed, ref, watchEffect } from 'vue';

type Theme = 'system' | 'light' | 'dark';
const KEY = 'kojibox-theme';
const ORDER: readonly Theme[] = ['system', 'light', 'dark'];

export const useTheme = defineStore('theme', () => {
  const stored = localStorage.getItem(KEY) as Theme | null;
  const theme = ref<Theme>(stored !== null && ORDER.includes(stored) ? stored : 'system');
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const systemIsDark = ref(dark.matches);
  dark.addEventListener('change', ({ matches }) => (systemIsDark.value = matches));
  const shown = computed(() => (theme.value === 'system' ? (systemIsDark.value ? 'dark' : 'light') : theme.value));
  watchEffect(() => {
    document.documentElement.dataset['theme'] = shown.value;
    localStorage.setItem(KEY, theme.value);
  });
  const next = (): void => void (theme.value = ORDER[(ORDER.indexOf(theme.value) + 1) % ORDER.length] ?? 'system');
  return { theme, shown, next };
});

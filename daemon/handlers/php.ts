/** Extensions and directives of PHP. */
import type { Handlers } from '../../contract/index.ts';
import type { PhpSettingsWork } from '../../core/php/php-settings.ts';

export function phpHandlers(php: PhpSettingsWork): Pick<Handlers, Extract<keyof Handlers, `php.${string}`>> {
  return {
    'php.settings': async ({ series }) => php.show(series),
    'php.preview': async (change) => php.preview(change),
    'php.set': async (change) => php.set(change),
    'php.previewExtensions': async ({ series, names }) => php.previewAdd(series, names),
    'php.removeExtensions': async ({ series, names }) => php.remove(series, names),
    'php.addExtensions': async ({ series, names }) => php.add(series, names),
  };
}

/** What is wrong with the text of a field, before the daemon is asked; empty when nothing is. */
import { t } from './index.ts';

/** @param text a path on the machine of the daemon: it has to begin at the root, since there is no folder that it could be relative to */
export function pathProblem(text: string): string {
  const path = text.trim();
  if (path.startsWith('/') || /^[A-Za-z]:[\\/]/.test(path)) return '';
  if (path === '') return t.required;
  return path.startsWith('~') ? t.fields.tilde : t.fields.fullPath;
}

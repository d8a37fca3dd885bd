/** Moves the keyboard to the field that needs to be corrected. */
import { nextTick } from 'vue';

/** @param formId id of the form; the focus stays where it is when no field of it is marked */
export async function focusInvalid(formId: string): Promise<void> {
  await nextTick();
  document.getElementById(formId)?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
}

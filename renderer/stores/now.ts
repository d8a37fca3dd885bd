/** The time for texts like "3 s ago": one tick a second, and only while the page is seen. */
import { ref } from 'vue';

export const now = ref(Date.now());
let timer: ReturnType<typeof setInterval> | undefined;

function update(): void {
  clearInterval(timer);
  now.value = Date.now();
  if (document.visibilityState === 'visible') timer = setInterval(() => (now.value = Date.now()), 1000);
}
// Unit tests have no page.
if (typeof document !== 'undefined') {
  document.addEventListener('visibilitychange', update);
  update();
}

/** The system's notifications about services that fail. */
import { Notification } from 'electron';
import type { ServiceState } from '../../contract/services.ts';
import { reasonText, type Texts } from './texts.ts';

const KEPT_NOTICES = 20;

/** @param onClick with the id of the service */
export function createFailureNotices(onClick: (service: string) => void): {
  show(failed: ServiceState, texts: Texts): void;
} {
  /** Kept, because a notification that was collected as garbage is deaf to its click. */
  const notices: Notification[] = [];
  return {
    show({ id, name, error, lastError }, texts) {
      if (!Notification.isSupported()) return;
      const notice = new Notification({
        title: texts.failed(name),
        body: `${error === null ? (lastError ?? '') : reasonText(error, texts)}\n${texts.failedText}`.trim(),
      });
      notice.on('click', () => onClick(id));
      notices.push(notice);
      notices.splice(0, notices.length - KEPT_NOTICES);
      notice.show();
    },
  };
}

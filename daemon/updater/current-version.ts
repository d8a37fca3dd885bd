/** Which version is in use: one link, replaced in one step. */
import { readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { VERSIONS_FOLDER, type InstallLayout } from '../../core/updater/install-layout.ts';
import { replaceFolderLink } from '../system/folder-links.ts';

/** Name of the version that `current` leads to. Throws when there is no such link. */
export const currentVersion = (install: InstallLayout): string => basename(readlinkSync(install.current));

export const pointCurrentAt = (install: InstallLayout, version: string): void =>
  replaceFolderLink(install.current, `${VERSIONS_FOLDER}/${version}`);

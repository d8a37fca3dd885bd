/** Looking at a folder that the user named. */
import { KojiboxError } from '../../contract/errors.ts';
import type { DetectedProject } from '../../contract/projects.ts';
import type { FileSystem } from '../system/files.ts';
import { detectProject } from './detect.ts';

/** As `detectProject`; rejects with VALIDATION_FAILED for what is no folder. */
export async function detectFolder(files: FileSystem, path: string): Promise<DetectedProject> {
  const detected = await detectProject(files, path);
  if (detected !== null) return detected;
  throw new KojiboxError('VALIDATION_FAILED', 'Invalid project path', {
    detail: `Path does not exist or is not readable: ${path} is not a folder`,
    source: 'config',
    field: 'path',
  });
}

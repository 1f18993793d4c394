// Whether a program can be run by this user.
import { accessSync, constants } from 'node:fs';

/** False also for a path that is not there. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

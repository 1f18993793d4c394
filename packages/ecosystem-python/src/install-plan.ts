// What is going to be installed, and for which interpreter.
import type { PythonNeeds } from '@salver/core';
import type { Interpreter } from './interpreter.js';
import type { PythonLock } from './python-lock.js';

export interface InstallPlan {
  readonly interpreter: Interpreter;
  /** Places of the tags that fit, best first. */
  readonly tags: ReadonlyMap<string, number>;
  readonly lock: PythonLock;
  /** What the host's interpreter must be. */
  readonly needs: PythonNeeds;
}

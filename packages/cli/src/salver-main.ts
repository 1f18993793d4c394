// Entry point of `salver`.
import { runProcess } from './run-process.js';
import { SALVER } from './salver-program.js';

await runProcess(SALVER);

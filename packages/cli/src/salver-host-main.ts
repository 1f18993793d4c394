// Entry point of `salver-host`.
import { runProcess } from './run-process.js';
import { SALVER_HOST } from './salver-host-program.js';

await runProcess(SALVER_HOST);

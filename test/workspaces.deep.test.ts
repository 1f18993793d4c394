// Workspaces of every manager. The same tests as in the quick run, whole.
import './workspaces.test.js';

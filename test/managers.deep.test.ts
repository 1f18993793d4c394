// Both apps of each manager. The same tests as in the quick run, whole.
import './managers.test.js';

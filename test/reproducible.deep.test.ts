// The same bytes everywhere. The same tests as in the quick run, whole.
import './reproducible.test.js';

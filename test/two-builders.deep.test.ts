// Builders that share a cache. The same tests as in the quick run, whole.
import './two-builders.test.js';

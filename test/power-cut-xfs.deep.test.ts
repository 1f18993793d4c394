// The power fails at every call that changes the disk.
import { testEveryCut } from './power/every-cut.js';

testEveryCut('xfs');

#!/usr/bin/env node
// The program is bundled to one file by `npm run build`; this file exists before that, so that npm can link it.
import '../bundle/salver.mjs';

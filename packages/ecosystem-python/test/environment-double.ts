// The markers of CPython 3.11 on Linux.
import type { MarkerEnvironment } from '../dist/marker.js';

export const LINUX: MarkerEnvironment = {
  variables: {
    implementation_name: 'cpython',
    implementation_version: '3.11.7',
    os_name: 'posix',
    platform_machine: 'x86_64',
    platform_python_implementation: 'CPython',
    platform_system: 'Linux',
    python_full_version: '3.11.7',
    python_version: '3.11',
    sys_platform: 'linux',
  },
  extras: new Set(),
  groups: new Set(),
};

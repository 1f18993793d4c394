// A Python app with its packages, all made here: wheels of every shape, and a source distribution with C code whose
// backend lies in it, so that nothing has to be fetched to build it. An index on the loopback interface serves them.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeSdist, makeWheel } from '@salver/testing';
import type { MadePackage } from '@salver/testing';

/** Why tests with Python cannot run here; undefined when they can. */
export function missingPython(): string | undefined {
  const probe = 'import sys; assert sys.version_info >= (3, 9)';
  return spawnSync('python3', ['-c', probe]).status === 0
    ? undefined
    : 'python3 (3.9 or later) is not installed';
}

/** Why source distributions with C code cannot be built here. */
export function missingHeaders(): string | undefined {
  const probe =
    'import os, sysconfig; assert os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h"))';
  if (spawnSync('cc', ['--version']).status !== 0) return 'a C compiler is not installed';
  return spawnSync('python3', ['-c', probe]).status === 0
    ? undefined
    : 'the headers of Python are not installed';
}

/** Compiles one module and writes the wheel itself: a backend that needs nothing but Python. */
const BACKEND = `
import base64, hashlib, os, subprocess, sysconfig, zipfile

def build_wheel(directory, settings=None, metadata=None):
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    target = "fx_native" + suffix
    flags = os.environ.get("CFLAGS", "").split()
    compiler = os.environ.get("CC", "cc")
    subprocess.run([compiler, *flags, "-shared", "-fPIC", "-I" + sysconfig.get_path("include"),
        os.path.abspath("native.c"), "-o", target, *os.environ.get("FX_LIBS", "").split()], check=True)
    version = "1.0"
    python = "cp" + sysconfig.get_config_var("py_version_nodot")
    platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    tag = f"{python}-{python}-{platform}"
    info = f"fx_native-{version}.dist-info"
    files = {
        target: open(target, "rb").read(),
        f"{info}/METADATA": f"Metadata-Version: 2.1\\nName: fx-native\\nVersion: {version}\\n".encode(),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\\nGenerator: fx\\nRoot-Is-Purelib: false\\nTag: {tag}\\n".encode(),
    }
    record = ""
    for name, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        record += f"{name},sha256={digest},{len(data)}\\n"
    files[f"{info}/RECORD"] = (record + f"{info}/RECORD,,\\n").encode()
    name = f"fx_native-{version}-{tag}.whl"
    with zipfile.ZipFile(os.path.join(directory, name), "w") as wheel:
        for path, data in files.items():
            wheel.writestr(path, data)
    return name
`;

const NATIVE_C = `
#include <Python.h>
static PyObject *answer(PyObject *self, PyObject *args) { return PyLong_FromLong(42); }
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, __FILE__}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "fx_native", NULL, -1, methods};
PyMODINIT_FUNC PyInit_fx_native(void) { return PyModule_Create(&module); }
`;

export function nativeSdist(files: Readonly<Record<string, string>> = {}): MadePackage {
  return makeSdist({
    name: 'fx-native',
    files: {
      'PKG-INFO': 'Metadata-Version: 2.1\nName: fx-native\nVersion: 1.0\n',
      'pyproject.toml': '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
      'backend.py': BACKEND,
      'native.c': NATIVE_C,
      ...files,
    },
  });
}

const FX_TOOL = makeWheel({
  name: 'fx-tool',
  files: {
    'fx_tool/__init__.py': 'from .data import TEXT\n',
    'fx_tool/data.py':
      'from pathlib import Path\nTEXT = (Path(__file__).parent / "resource.txt").read_text().strip()\n',
    'fx_tool/resource.txt': 'a resource\n',
    'fx_tool/main.py':
      'import sys\nclass Tool:\n    @staticmethod\n    def run():\n        print("fx-tool", sys.prefix, *sys.argv[1:])\n        return 3\n',
    'fx_tool/not_python.py': 'this is {{ no python }}\n',
    'fx_tool/helper.sh': '#!/bin/sh\necho helper\n',
    '.data/scripts/fx-script':
      '#!python\n"""A doc string."""\nfrom __future__ import annotations\nimport fx_tool\nprint("fx-script", fx_tool.TEXT)\n',
    '.data/scripts/fx-shell': '#!/bin/sh\necho fx-shell "$@"\n',
    '.data/data/share/fx/data.txt': 'shared data\n',
    '.data/headers/fx.h': '#define FX 1\n',
    '.data/platlib/fx_plat_module.py': 'PLACE = "platlib"\n',
  },
  executable: [
    'fx_tool/helper.sh',
    'fx_tool-1.0.data/scripts/fx-shell',
    'fx_tool-1.0.data/scripts/fx-script',
  ],
  scripts: 'fx-tool = fx_tool.main:Tool.run\nfx-extra = fx_tool.main:Tool.run [extra]',
});

/** Namespace packages over two wheels, which also both bring an empty tests/__init__.py. */
const namespaceWheel = (part: string): MadePackage =>
  makeWheel({
    name: `fx-ns-${part}`,
    files: { [`fxns/${part}.py`]: `PART = "${part}"\n`, 'tests/__init__.py': '' },
  });

/** A package with a module that is imported late: whether a process stays in its release shows there. */
export const versionWheel = (version: string): MadePackage =>
  makeWheel({
    name: 'fx-version',
    version,
    files: {
      'fx_version/__init__.py': `VERSION = "${version}"\n`,
      'fx_version/lazy.py': `VERSION = "${version}"\n`,
    },
  });

const FOREIGN = [
  'cp311-cp311-win_amd64',
  'cp311-cp311-macosx_11_0_arm64',
  'cp27-cp27mu-manylinux1_x86_64',
  'py3-none-any',
];

/** Every package by project, as an index lists them. */
export function samplePackages(version = '1.0'): Readonly<Record<string, readonly MadePackage[]>> {
  return {
    'fx-tool': [FX_TOOL],
    'fx-ns-a': [namespaceWheel('a')],
    'fx-ns-b': [namespaceWheel('b')],
    'fx-version': [versionWheel(version)],
    'fx-plat': FOREIGN.map((tag) =>
      makeWheel({ name: 'fx-plat', tag, files: { 'fx_plat.py': `TAG = "${tag}"\n` } }),
    ),
    'fx-abi': [
      makeWheel({ name: 'fx-abi', tag: 'cp38-abi3-manylinux_2_17_x86_64', files: { 'fx_abi.py': '' } }),
      makeWheel({
        name: 'fx-abi',
        tag: 'cp36-abi3-manylinux_2_17_x86_64',
        files: { 'fx_abi.py': 'OLD = 1\n' },
      }),
      makeWheel({ name: 'fx-abi', tag: 'py3-none-any', files: { 'fx_abi.py': '' } }),
    ],
  };
}

/** requirements.txt with hashes, in the order of the table or backwards. */
export function requirementsOf(
  packages: Readonly<Record<string, readonly MadePackage[]>>,
  { backwards = false, indexUrl }: { readonly backwards?: boolean; readonly indexUrl?: string } = {},
): string {
  const lines = Object.entries(packages).map(([name, files]) => {
    const version = /-([0-9][^-]*?)(?:-|\.tar\.gz$)/.exec(files[0]?.fileName ?? '')?.[1] ?? '';
    return `${name}==${version} \\\n${files.map(({ sha256 }) => `    --hash=sha256:${sha256}`).join(' \\\n')}`;
  });
  const index = indexUrl === undefined ? [] : [`--index-url ${indexUrl}`];
  return `${[...index, ...(backwards ? lines.reverse() : lines)].join('\n')}\n`;
}

const MAIN = `
import importlib, json, os, sys, time
import fx_version, fx_tool, fxns.a, fxns.b, fx_plat, fx_abi, fx_plat_module
report = {"prefix": sys.prefix, "version": fx_version.VERSION, "text": fx_tool.TEXT, "tag": fx_plat.TAG,
    "base": sys.base_prefix, "python": "%d.%d" % sys.version_info[:2], "plat": fx_plat_module.PLACE}
try:
    import fx_native
    report["native"] = fx_native.answer()
except ImportError:
    pass
print(json.dumps(report), flush=True)
if "--wait" in sys.argv:
    while not os.path.exists(sys.argv[-1]):
        time.sleep(0.02)
    print(importlib.import_module("fx_version.lazy").VERSION, flush=True)
`;

/** Writes the app; `files` are added or replace its own. */
export function writePythonApp(directory: string, files: Readonly<Record<string, string>>): void {
  const all = {
    'main.py': MAIN,
    'salver.json': JSON.stringify({ name: 'fx', version: '1.0.0', start: 'python main.py' }),
    ...files,
  };
  for (const [path, content] of Object.entries(all)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
}

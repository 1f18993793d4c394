// Where things lie in a release's `.venv`: as in an environment that `python -m venv` makes.

export const VENV = '.venv';

/** `3.11`. */
export type PythonMinor = `3.${number}`;

export function sitePackages(version: string): string {
  return `${VENV}/lib/python${version}/site-packages`;
}

/** Place of the files of one installation scheme key of a wheel's `.data` directory; undefined for unknown keys. */
export function schemePlace(key: string, version: string, distribution: string): string | undefined {
  switch (key) {
    case 'purelib':
    case 'platlib':
      return sitePackages(version);
    case 'scripts':
      return `${VENV}/bin`;
    case 'headers':
      return `${VENV}/include/site/python${version}/${distribution}`;
    case 'data':
      return VENV;
    default:
      return undefined;
  }
}

/** What the host makes itself: no wheel may bring it. */
const RESERVED = /^\.venv\/(?:pyvenv\.cfg|bin\/(?:python[0-9.]*|pythonw|activate(?:\..*)?|Activate\.ps1))$/i;

export function isReserved(path: string): boolean {
  return RESERVED.test(path);
}

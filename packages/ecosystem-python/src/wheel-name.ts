// What a wheel's file name says (binary distribution format in the packaging specifications).
import { canonicalName } from './canonical-name.js';

export interface WheelName {
  /** Canonical. */
  readonly name: string;
  /** As written in the file name. */
  readonly version: string;
  /** Number and text of the build tag; `[]` without one, which comes first. */
  readonly build: readonly [] | readonly [number: number, text: string];
  /** Every tag the compressed set stands for, e.g. `cp311-cp311-manylinux_2_17_x86_64`. */
  readonly tags: readonly string[];
}

const WHEEL =
  /^([A-Za-z0-9][A-Za-z0-9._]*)-([A-Za-z0-9][A-Za-z0-9._!+]*)(?:-([0-9]+)([A-Za-z0-9._]*))?-([a-z0-9_.]+)-([a-z0-9_.]+)-([a-z0-9_.]+)\.whl$/i;

/** Reads a wheel's file name; undefined when it is none. */
export function parseWheelName(fileName: string): WheelName | undefined {
  const match = WHEEL.exec(fileName);
  if (match === null) return undefined;
  const [, name = '', version = '', build, buildText = '', pythons = '', abis = '', platforms = ''] = match;
  const tags = pythons
    .toLowerCase()
    .split('.')
    .flatMap((python) =>
      abis
        .toLowerCase()
        .split('.')
        .flatMap((abi) =>
          platforms
            .toLowerCase()
            .split('.')
            .map((platform) => `${python}-${abi}-${platform}`),
        ),
    );
  return {
    name: canonicalName(name),
    version,
    build: build === undefined ? [] : [Number(build), buildText],
    tags,
  };
}

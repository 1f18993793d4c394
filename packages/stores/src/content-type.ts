// File name -> what a server says it is. The library has the registered types.
import { lookup } from 'mrmime';

/** What the library has not or has otherwise than browsers want it. */
const OWN: Readonly<Record<string, string>> = { ico: 'image/x-icon', cjs: 'text/javascript' };

const UNKNOWN = 'application/octet-stream';

/** The type by the name's extension. Texts are UTF-8, as everything that build tools write. */
export function contentTypeOf(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (!name.includes('.')) return UNKNOWN;
  const extension = name.slice(name.lastIndexOf('.') + 1).toLowerCase();
  const type = OWN[extension] ?? lookup(extension) ?? UNKNOWN;
  return type.startsWith('text/') ? `${type}; charset=utf-8` : type;
}

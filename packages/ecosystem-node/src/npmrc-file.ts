// Reads .npmrc text as the `ini` package does: `key = value`, `key[] = value`, `;` and `#` comments,
// quotes, backslash escapes. Sections are not used by npm's settings.

export type NpmrcValue = string | readonly string[];

/** Settings of one file by key, values as written (`${VAR}` is not expanded here). */
export function parseNpmrc(text: string): ReadonlyMap<string, NpmrcValue> {
  const settings = new Map<string, NpmrcValue>();
  let inSection = false;
  for (const raw of text.split(/[\r\n]+/)) {
    const line = raw.trim();
    if (line === '' || line.startsWith(';') || line.startsWith('#')) continue;
    inSection ||= /^\[[^\]]*\]$/.test(line);
    if (inSection) continue;
    const equals = line.indexOf('=');
    const key = unquote(equals < 0 ? line : line.slice(0, equals));
    const value = equals < 0 ? 'true' : unquote(line.slice(equals + 1));
    addSetting(settings, key, value);
  }
  return settings;
}

function addSetting(settings: Map<string, NpmrcValue>, key: string, value: string): void {
  const isList = key.endsWith('[]') && key.length > 2;
  const name = isList ? key.slice(0, -2) : key;
  const before = settings.get(name);
  if (!isList && !Array.isArray(before)) settings.set(name, value);
  else settings.set(name, [...(before === undefined ? [] : [before].flat()), value]);
}

function unquote(text: string): string {
  const value = text.trim();
  const quote = value[0];
  if (value.length > 1 && (quote === '"' || quote === "'") && value.endsWith(quote)) {
    const inner = quote === "'" ? value.slice(1, -1) : value;
    try {
      return String(JSON.parse(inner));
    } catch {
      return inner;
    }
  }
  return cutComment(value);
}

/** `;` and `#` end a value unless escaped; a backslash keeps every other character's own meaning. */
function cutComment(value: string): string {
  let text = '';
  for (let index = 0; index < value.length; index++) {
    const char = value[index] ?? '';
    if (char === '\\') {
      const next = value[index + 1];
      text += next === undefined ? '\\' : /[\\;#]/.test(next) ? next : `\\${next}`;
      index++;
    } else if (char === ';' || char === '#') {
      break;
    } else {
      text += char;
    }
  }
  return text.trim();
}

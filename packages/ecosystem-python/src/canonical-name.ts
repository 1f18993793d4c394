// Names of projects as they compare (PEP 503): `Foo.Bar_baz` is `foo-bar-baz`.
export function canonicalName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

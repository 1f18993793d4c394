// Node's spec reporter, with the reasons of all skipped tests gathered before its summary: what did not run on
// this machine must be seen.
import { Readable } from 'node:stream';
import { spec } from 'node:test/reporters';

export default async function* report(source) {
  yield* Readable.from(withSkippedList(source)).pipe(new spec());
}

async function* withSkippedList(source) {
  const skipped = [];
  let isSummary = false;
  for await (const event of source) {
    const { type, data } = event;
    if (type === 'test:pass' && data.skip !== undefined) skipped.push(`  ${data.name}: ${data.skip}`);
    if (type === 'test:diagnostic' && data.nesting === 0 && /^tests \d+$/.test(data.message) && !isSummary) {
      isSummary = true;
      if (skipped.length > 0) {
        yield { type: 'test:stdout', data: { message: `skipped:\n${skipped.join('\n')}\n` } };
      }
    }
    yield event;
  }
}

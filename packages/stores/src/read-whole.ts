/** All bytes of a stream; `check` is told how many there are so far, and may throw. */
export async function readWhole(
  stream: AsyncIterable<Uint8Array>,
  check: (sizeBytes: number) => void = () => undefined,
): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const piece of stream) {
    sizeBytes += piece.length;
    check(sizeBytes);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

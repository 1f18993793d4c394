"""A reader written from docs/format.md alone, in another language: the proof that the document is enough.

Usage: python3 third-party-reader.py ARTIFACT     prints {"id", "entries"} as JSON, or fails with a reason.
"""

import hashlib
import json
import struct
import sys
import zlib

PLAIN = bytes.fromhex("1f8b08000000000000ff")
TAIL = bytes.fromhex("1f8b08000000000000ff63601805a360148c5400002eafb5ef00040000")


def refuse(reason):
    sys.exit(f"refused: {reason}")


def inflate(stored, start, limit):
    engine = zlib.decompressobj(-15)
    raw = engine.decompress(stored[start:], limit + 1)
    if not engine.eof or len(raw) > limit:
        refuse("deflate stream")
    crc, length = struct.unpack("<II", engine.unused_data) if len(engine.unused_data) == 8 else (None, None)
    if crc != zlib.crc32(raw) or length != len(raw):
        refuse("gzip trailer")
    return raw


def canonical(data):
    value = json.loads(data)
    if json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() != data:
        refuse("not canonical JSON")
    return value


def text(block, start, length):
    return block[start : start + length].split(b"\0")[0].decode()


def padded(size):
    return (size + 511) // 512 * 512


def read_header(raw, at):
    """(kind, mode, path, size, link target, offset behind the header blocks)"""
    long_values = {}
    while raw[at + 156 : at + 157] in (b"L", b"K"):
        size = int(raw[at + 124 : at + 135], 8)
        long_values[raw[at + 156 : at + 157]] = raw[at + 512 : at + 512 + size - 1].decode()
        at += 512 + padded(size)
    block = raw[at : at + 512]
    path = long_values.get(b"L") or text(block, 0, 100)
    link = long_values.get(b"K") or text(block, 157, 100)
    return block[156:157], text(block, 100, 8), path.rstrip("/"), int(block[124:135], 8), link, at + 512


def head_of(data):
    if data[:16] != bytes.fromhex("1f8b08040000000000ff0e0053560a00"):
        refuse("no artifact")
    number, length, crc = struct.unpack("<HII", data[16:26])
    if number != 1 or zlib.crc32(data[26 : length - 8]) != crc:
        refuse("head")
    raw, files, at = inflate(data[:length], 26, 1 << 27), {}, 0
    while at < len(raw):
        kind, _, path, size, _, start = read_header(raw, at)
        if kind == b"0":
            files[path] = raw[start : start + size]
        at = start + padded(size)
    return length, files


def main(path):
    data = open(path, "rb").read()
    offset, files = head_of(data)
    manifest = canonical(files[".salver/manifest.json"])
    layout = canonical(files[".salver/layout.json"])
    rows = iter(layout["members"])
    entries = {}
    for unit in manifest["units"]:
        raw = b""
        for raw_bytes, digest in unit["members"]:
            length, crc = next(rows)
            stored = data[offset : offset + length]
            if stored[:10] != PLAIN or zlib.crc32(stored) != crc:
                refuse("member")
            piece = inflate(stored, 10, raw_bytes)
            if hashlib.sha256(piece).hexdigest() != digest:
                refuse("digest")
            raw += piece
            offset += length
        at = 0
        while at < len(raw):
            kind, mode, name, size, link, start = read_header(raw, at)
            content = hashlib.sha256(raw[start : start + size]).hexdigest()
            entries[name] = {b"0": f"{mode[-3:]} {content}", b"5": "directory", b"2": f"symlink {link}"}[kind]
            at = start + padded(size)
    if data[offset:] != TAIL:
        refuse("tail")
    print(json.dumps({"id": hashlib.sha256(files[".salver/manifest.json"]).hexdigest(), "entries": entries}))


main(sys.argv[1])

#!/usr/bin/env python3
"""Appends metadata to a wasm file: make_module.py MODULE.wat METADATA.json OUT.wasm [PYTHON EXPRESSION ON m]

The expression changes the metadata `m` (a dict) before it is written, so that tests can break one thing at a time:
  make_module.py affine.wat affine.json bad.wasm 'm["inputs"][0].update(bytes=13)'
Needs wat2wasm (wabt)."""

import json
import subprocess
import sys


def leb128(n: int) -> bytes:
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    return bytes(out + bytes([n]))


def main() -> None:
    wat, metadata, out, *change = sys.argv[1:]
    subprocess.run(["wat2wasm", wat, "-o", out], check=True)
    with open(metadata, encoding="utf-8") as f:
        m = json.load(f)
    for expression in change:
        eval(expression, {"m": m})
    body = leb128(4) + b"eaic" + json.dumps(m).encode()
    with open(out, "ab") as f:
        f.write(b"\0" + leb128(len(body)) + body)


main()

#!/usr/bin/env python3
"""Changes a float32 tensor: make_tensor.py IN.npy OUT.pb DELTA [DELTA...]

Writes it as a TensorProto, with the deltas added to the first elements."""

import ast
import struct
import sys


def varint(n: int) -> bytes:
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    return bytes(out + bytes([n]))


def main() -> None:
    source, out, *deltas = sys.argv[1:]
    with open(source, "rb") as f:
        data = f.read()
    header_end = 10 + int.from_bytes(data[8:10], "little")
    shape = ast.literal_eval(data[10:header_end].decode())["shape"]
    values = list(struct.unpack(f"<{(len(data) - header_end) // 4}f", data[header_end:]))
    for i, delta in enumerate(deltas):
        values[i] += float(delta)
    raw = struct.pack(f"<{len(values)}f", *values)
    with open(out, "wb") as f:
        f.write(b"".join(b"\x08" + varint(n) for n in shape) + b"\x10\x01\x4a" + varint(len(raw)) + raw)


main()

#!/usr/bin/env python3
"""Writes a small ONNX model without any ONNX library: make_onnx.py OUT.onnx CASE

y = op(x) for float32 x[N,3] with N a symbolic dimension. Cases:
  relu          Relu
  add-external  x + w, with w in the file w.bin beside the model
  two-by-two    v = -u and y, with a second input u and output v; u and v are the first
  signs         sign(x * w), with w a matrix of ones in the file: most damage to w leaves y as it is
  unsupported   a Foo and a Bar of domain com.example: operators that nobody has
"""

import sys


def varint(n: int) -> bytes:
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    return bytes(out + bytes([n]))


def field(number: int, value) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, str):
        value = value.encode()
    return varint(number << 3 | 2) + varint(len(value)) + value


def node(op: str, inputs: str, output: str, domain: str = "") -> bytes:
    body = b"".join(field(1, name) for name in inputs.split()) + field(2, output)
    return field(1, body + field(3, f"{op}_node") + field(4, op) + field(7, domain))


def value_info(number: int, name: str) -> bytes:
    dims = field(1, field(2, "N")) + field(1, field(1, 3))
    return field(number, field(1, name) + field(2, field(1, field(1, 1) + field(2, dims))))


def external_tensor(name: str, location: str) -> bytes:
    entry = field(1, "location") + field(2, location)
    return field(5, field(1, 3) + field(2, 1) + field(8, name) + field(13, entry) + field(14, 1))


def ones(name: str) -> bytes:
    return field(5, field(1, 3) + field(1, 3) + field(2, 1) + field(8, name) + field(9, b"\0\0\x80\x3f" * 9))


GRAPHS = {
    "relu": node("Relu", "x", "y"),
    "add-external": node("Add", "x w", "y") + external_tensor("w", "w.bin"),
    "signs": node("MatMul", "x w", "t") + node("Sign", "t", "y") + ones("w"),
    "two-by-two": node("Relu", "x", "y") + node("Neg", "u", "v") + value_info(11, "u") + value_info(12, "v"),
    "unsupported": node("Foo", "x", "t", "com.example") + node("Relu", "t", "u") + node("Bar", "u", "y", "com.example"),
}


def main() -> None:
    out, case = sys.argv[1:]
    graph = GRAPHS[case] + field(2, case) + value_info(11, "x") + value_info(12, "y")
    opsets = field(8, field(1, "") + field(2, 17)) + field(8, field(1, "com.example") + field(2, 1))
    with open(out, "wb") as f:
        f.write(field(1, 8) + opsets + field(7, graph))


main()

#!/usr/bin/env python3
"""Checks the house rules that a script can check: which room includes what, unique file names, file sizes.

The table below is the machine form of the one in the README's ARCHITECTURE. usage: check_layers.py
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MAX_LINES = 800

# Room: (rooms it may include from, foreign headers that only it may include). Rooms of one group are listed from
# the top: a room may use those above it that it names, never those below.
ROOMS = {
    "compiler/base": ((), ()),
    "compiler/ir": (("base",), ()),
    "compiler/ops": (("base", "ir"), ()),
    "compiler/kernels": ((), ("wasm_simd128.h", "simde/")),
    "compiler/lower": (("base", "ir", "ops", "kernels"), ()),
    "compiler/eval": (("base", "ir", "ops", "kernels", "lower"), ()),
    "compiler/onnx": (("base", "ir", "ops", "kernels", "lower", "eval"), ("onnx.pb-c.h", "protobuf-c/")),
    "compiler/passes": (("base", "ir", "ops", "kernels", "lower", "eval"), ()),
    "compiler/plan": (("base", "ir", "ops", "kernels", "lower"), ()),
    "compiler/codegen": (("base", "ir", "ops", "kernels", "lower", "plan"), ("llvm-c/", "llvm/Config/")),
    "compiler/wasm": (("base", "ir", "ops", "kernels", "lower", "plan", "codegen"),
                      ("lld/", "llvm/", "wabt/")),
    "compiler": (("base", "ir", "ops", "kernels", "lower", "eval", "onnx", "passes", "plan", "codegen", "wasm"),
                 ()),
    "runtime-lite/abi": (("base",), ("cjson/",)),
    "runtime-lite/engine": (("base", "abi"), ("wasmtime.h", "wabt/")),
    "runtime-lite/io": (("base", "abi"), ("png.h", "jpeglib.h")),
    "runtime-lite/stat": (("base",), ("cjson/",)),
    "cmd/eaic": (("base", "compiler", "abi", "engine", "io", "stat"), ()),
    "cmd/eaic-ir": (("base", "ir", "ops", "kernels", "lower", "eval", "onnx", "passes"), ()),
}
# Tables of plain data that another room may expand.
SHARED_TABLES = {"ir/dtype.def": ("runtime-lite/abi",), "ir/ops.def": ("compiler/kernels",),
                 "base/small_float.h": ("compiler/kernels",)}  # freestanding
# C++ is for islands around C++ libraries.
ISLANDS = ("compiler/wasm/lld.cc", "compiler/wasm/wabt.cc", "runtime-lite/engine/engine_wabt.cc")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
# Tests may stand on every room of the compiler or the runner, and on what they measure against.
TEST = re.compile(r"_test(ing)?\.[ch]$")
SOURCES = ("*.c", "*.cc", "*.h", "*.def")


def room_of(path):
    folder = path.parent.relative_to(ROOT).as_posix()
    return folder if folder in ROOMS else None


def room_named(include):
    """The room that "ir/ir.h" or "eaic.h" belongs to, or None for a header of the includer's own folder."""
    first, slash, _ = include.partition("/")
    if not slash:
        return "compiler" if include in ("eaic.h", "compile.h") else None
    return next((room for room in ROOMS if room.split("/")[-1] == first), None)


def check_include(path, room, quote, include):
    allowed, foreign = ROOMS[room]
    own = room.split("/")[-1]
    if quote == "<":
        owners = [r for r, (_, headers) in ROOMS.items() if headers and include.startswith(headers)]
        if owners and room not in owners:
            return f"<{include}> belongs to {', '.join(owners)}"
        return None
    target = room_named(include)
    if foreign and include.startswith(foreign):
        return None
    if target is None:
        beside = (path.parent / include).exists()
        return None if beside else f'"{include}" is not in this folder: name its room'
    name = target.split("/")[-1]
    if name == own or name in allowed or room in SHARED_TABLES.get(include, ()):
        return None
    return f'"{include}": {own} may not use {name}'


def sources():
    for folder in ("compiler", "runtime-lite", "cmd"):
        for pattern in SOURCES:
            yield from sorted((ROOT / folder).rglob(pattern))


def main():
    problems, checked, names = [], 0, {}
    for path in sources():
        name, text = path.relative_to(ROOT).as_posix(), path.read_text()
        room = room_of(path)
        checked += 1
        if room is None:
            problems.append(f"{name}: its folder is no room; add it to scripts/check_layers.py")
            continue
        if path.suffix == ".cc" and name not in ISLANDS:
            problems.append(f"{name}: C++ outside the islands")
        if TEST.search(path.name):
            continue
        for quote, include in INCLUDE.findall(text):
            problem = check_include(path, room, quote, include)
            if problem:
                problems.append(f"{name}: {problem}")
    folders = ("cmd", "compiler", "runtime-lite", "scripts", "proto", "man", "testdata/ir", "testdata/cli")
    tracked = [p for folder in folders for p in (ROOT / folder).rglob("*")
               if p.is_file() and "__pycache__" not in p.parts]
    for path in tracked:
        name = path.relative_to(ROOT).as_posix()
        if path.name in names and path.name not in ("README.md", "package.json"):
            problems.append(f"{name}: there is also {names[path.name]}; file names are unique")
        names[path.name] = name
        if path.suffix in (".c", ".cc", ".h", ".def", ".py", ".sh", ".mjs", ".cmake", ".proto"):
            lines = path.read_text().count("\n")
            if lines > MAX_LINES:
                problems.append(f"{name}: {lines} lines, at most {MAX_LINES}")
    print("\n".join(problems), end="\n" if problems else "")
    failed = len({p.split(":")[0] for p in problems})
    print(f"{checked - failed} passed, {failed} failed")
    return 1 if problems or not checked else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Runs a WASI command in wasmtime: run_wasmtime_wasi.py MODULE IN OUT (needs the package wasmtime)."""
import sys

import wasmtime

module, stdin, stdout = sys.argv[1:]
engine = wasmtime.Engine()
linker = wasmtime.Linker(engine)
linker.define_wasi()
store = wasmtime.Store(engine)
config = wasmtime.WasiConfig()
config.stdin_file, config.stdout_file = stdin, stdout
config.inherit_stderr()
store.set_wasi(config)
instance = linker.instantiate(store, wasmtime.Module.from_file(engine, module))
try:
    instance.exports(store)["_start"](store)
except wasmtime.ExitTrap as end:
    sys.exit(end.code)
except wasmtime.WasmtimeError as problem:
    print(problem, file=sys.stderr)
    sys.exit(2)

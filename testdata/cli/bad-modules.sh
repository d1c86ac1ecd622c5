make() { "$CLI/make_module.py" "$CLI/affine.wat" "$CLI/affine.json" "$@"; }
try() { "$EAIC" inspect $1 || echo "exit code $?"; }
try missing.wasm
: > empty.wasm; try empty.wasm
echo hello > text.wasm; try text.wasm
make m.wasm
head -c 100 m.wasm > cut.wasm; try cut.wasm
wat2wasm "$CLI/affine.wat" -o foreign.wasm; try foreign.wasm
make abi.wasm 'm.update(abi=2)'; try abi.wasm
make offset.wasm 'm["inputs"][0].update(offset=65532)'; try offset.wasm
make bytes.wasm 'm["inputs"][0].update(bytes=13)'; try bytes.wasm
make overlap.wasm 'm["inputs"][1].update(offset=1024)'; try overlap.wasm
make dtype.wasm 'm["outputs"][1].update(dtype="uint7")'; try dtype.wasm
try .
make memory.wasm 'm["memory"].update(total=131072)'
"$EAIC" run memory.wasm zeros zeros || echo "exit code $?"

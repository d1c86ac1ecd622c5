"$CLI/make_module.py" "$CLI/affine.wat" "$CLI/affine.json" m.wasm
for engine in wasmtime wabt; do
  "$EAIC" run m.wasm random:1 zeros --engine $engine
done

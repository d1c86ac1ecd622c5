"$CLI/make_module.py" "$CLI/affine.wat" "$CLI/affine.json" m.wasm
"$EAIC" inspect m.wasm

"$CLI/make_module.py" "$CLI/affine.wat" "$CLI/affine.json" m.wasm
printf 'abcd' | "$EAIC" run m.wasm zeros - --top 2

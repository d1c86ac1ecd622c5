"$CLI/make_module.py" "$CLI/affine.wat" "$CLI/affine.json" m.wasm
for engine in wasmtime wabt; do
  "$EAIC" run m.wasm random:1 zeros --engine $engine
done
# A seed is optional.
"$EAIC" run m.wasm random zeros -o a.bin >/dev/null
"$EAIC" run m.wasm random:0 zeros -o b.bin >/dev/null
cmp a.bin b.bin
# Labels for all elements of y, or for fewer than any output has.
printf 'low\nmiddle\nhigh\n' > labels.txt
"$EAIC" run m.wasm zeros zeros -o z=z.bin --top 3 --labels labels.txt
printf 'low\nhigh\n' > few.txt
"$EAIC" run m.wasm zeros zeros --top 1 --labels few.txt

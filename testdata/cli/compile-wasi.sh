# needs: compiler node
# A WASI command: two inputs from standard input, one after the other, and two outputs.
"$CLI/make_onnx.py" net.onnx two-by-two
wasi() { "$NODE" --no-warnings "$CLI/wasi_host.mjs" "$@" || echo "exit code $?"; }
numbers() { python3 -c "import struct, sys; sys.stdout.buffer.write(struct.pack('<6f', -1, 2, -3, 4, -5, 6))"; }
for level in scalar simd128 relaxed; do
  "$EAIC" compile net.onnx -o m.wasm --abi wasi --features $level
  numbers | wasi m.wasm | od -An -tf4
done
numbers | wasi m.wasm slow | od -An -tf4
(numbers | head -c 5; sleep 0.1; numbers | tail -c +6) | wasi m.wasm | od -An -tf4
# Short and surplus input, and output that nobody takes.
numbers | head -c 17 | wasi m.wasm
numbers | head -c 4 | wasi m.wasm slow
wasi m.wasm </dev/null
(numbers; printf x) | wasi m.wasm
(numbers; printf x) | wasi m.wasm slow
numbers | "$NODE" "$CLI/wasi_host.mjs" m.wasm closed > taken || echo "exit code $?"
wc -c < taken
# It is still a module for a host: only _start needs the imports.
"$EAIC" compile net.onnx -o plain.wasm --abi module
for engine in wasmtime wabt; do
  numbers | head -c 12 > u.bin
  "$EAIC" run m.wasm u.bin zeros --engine $engine
  "$EAIC" run m.wasm x=u.bin u=zeros --engine $engine -o v=-  -o y=$engine.bin | od -An -tf4
done
"$EAIC" run plain.wasm x=u.bin u=zeros -o plain.bin
"$EAIC" verify net.onnx m.wasm
"$EAIC" inspect m.wasm | grep import
"$EAIC" bench m.wasm --profile --duration 0.05 2>/dev/null | grep -cE "(Relu|Neg)_node$"

# needs: compiler
digits="$TESTDATA/models/digits_qdq.onnx"
try() { "$EAIC" compile $1 -o out.wasm || echo "exit code $?"; }
try missing.onnx
: > empty.onnx; try empty.onnx
echo 'This is no model.' > text.onnx; try text.onnx
head -c 20000 "$digits" > cut.onnx; try cut.onnx
truncate -s 3G huge.onnx; try huge.onnx; rm huge.onnx
"$CLI/make_onnx.py" external.onnx add-external; try external.onnx
printf 'short' > w.bin; try external.onnx
"$CLI/make_onnx.py" unsupported.onnx unsupported; try unsupported.onnx
printf '\0asm\1\0\0\0' > module.wasm; try module.wasm
try .
"$EAIC" compile "$digits" -o no/such/folder/out.wasm || echo "exit code $?"
"$EAIC" compile "$digits" -o out.wasm --dim batch || echo "exit code $?"
"$EAIC" compile "$digits" -o out.wasm --dim h=7 --dim w=7 --dim h=8 || echo "exit code $?"
"$EAIC" run module.wasm --dim h=7 || echo "exit code $?"
"$EAIC" inspect module.wasm --features scalar || echo "exit code $?"
"$EAIC" compile "$digits" -o out.wasm --skip-pass no-such-pass || echo "exit code $?"
ls

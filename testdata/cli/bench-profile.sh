# needs: compiler
# A module needs no step functions of its own.
"$EAIC" compile "$TESTDATA/models/digits_qdq.onnx" -o plain.wasm
"$EAIC" compile "$TESTDATA/models/digits_qdq.onnx" -o stepped.wasm --profile
for module in plain.wasm stepped.wasm "$TESTDATA/models/digits_qdq.onnx"; do
  "$EAIC" bench $module --profile --duration 0.01 2>/dev/null | grep -c Conv_
done

# needs: compiler
digits="$TESTDATA/models/digits_qdq"
"$EAIC" compile $digits.onnx -o m.wasm
"$EAIC" verify $digits.onnx
"$EAIC" verify $digits.onnx m.wasm --data $digits/test_data_set_0 --engine wabt
"$EAIC" verify $digits.onnx --features scalar --data $digits | grep -c equal
# Damage the weights: the first node that reads them is named.
python3 - <<'PYTHON'
data = bytearray(open("m.wasm", "rb").read())
for i in range(len(data) - 18000, len(data) - 17800): # within the weights of Conv_4; code and other sections come before
    data[i] ^= 0x15
open("damaged.wasm", "wb").write(data)
PYTHON
"$EAIC" verify $digits.onnx damaged.wasm || echo "exit code $?"
# A module of another model.
"$CLI/make_onnx.py" net.onnx relu
"$EAIC" verify net.onnx m.wasm || echo "exit code $?"
"$EAIC" verify $digits.onnx --data /no/such/folder || echo "exit code $?"

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
# Damage that the outputs hide: the sign of a product stays as it is.
"$CLI/make_onnx.py" signs.onnx signs
"$EAIC" compile signs.onnx -o signs.wasm
python3 - <<'PYTHON'
data = bytearray(open("signs.wasm", "rb").read())
data[data.index(bytes([0, 0, 0x80, 0x3F] * 3)) + 2] = 0x90
open("hidden.wasm", "wb").write(data)
PYTHON
"$EAIC" verify signs.onnx signs.wasm
"$EAIC" verify signs.onnx hidden.wasm || echo "exit code $?"
# A module whose steps are others: only its outputs can be compared.
"$EAIC" compile $digits.onnx -o longer.wasm --skip-pass cancel-transposes
"$EAIC" verify $digits.onnx longer.wasm
# Given outputs, near and off.
"$EAIC" verify $digits.onnx --data $digits/test_data_set_0
"$EAIC" run m.wasm $digits/test_data_set_0/input_0.pb -o output.npy
mkdir near off
cp $digits/test_data_set_0/input_0.pb near
cp $digits/test_data_set_0/input_0.pb off
"$CLI/make_tensor.py" output.npy near/output_0.pb 0.00001
"$CLI/make_tensor.py" output.npy off/output_0.pb 0.00001 0.5
"$EAIC" verify $digits.onnx m.wasm --data near
"$EAIC" verify $digits.onnx m.wasm --data off || echo "exit code $?"
"$EAIC" verify m.wasm || echo "exit code $?"
"$EAIC" verify m.wasm m.wasm || echo "exit code $?"
# A module of another model.
"$CLI/make_onnx.py" net.onnx relu
"$EAIC" verify net.onnx m.wasm || echo "exit code $?"
"$EAIC" verify $digits.onnx --data /no/such/folder || echo "exit code $?"

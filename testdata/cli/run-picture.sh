# An 8 x 8 digit becomes the 2 x 2 quantized input, as floats would: value 0..1 by scale 0.5, zero point 10.
"$CLI/make_module.py" "$CLI/affine.wat" "$CLI/affine.json" m.wasm
"$EAIC" run m.wasm zeros "$TESTDATA/images/digit_0.png" --scale 1 --mean 5 --std 2
# [1,3] is no picture.
"$EAIC" run m.wasm x="$TESTDATA/images/digit_0.png" u=zeros || echo "exit code $?"

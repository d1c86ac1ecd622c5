# needs: compiler
# The example of the README, at every level and in both engines: each picture shows the digit in its name.
for level in scalar simd128; do
  "$EAIC" compile "$TESTDATA/models/digits_qdq.onnx" -o $level.wasm --features $level
  for digit in 0 1 2 3 4 5 6 7 8 9; do
    for engine in wasmtime wabt; do
      "$EAIC" run $level.wasm "$TESTDATA/images/digit_$digit.png" --engine $engine -o $engine.bin
    done
    cmp wasmtime.bin wabt.bin
    "$EAIC" run $level.wasm "$TESTDATA/images/digit_$digit.png" --top 1 | awk 'NR == 2 { printf "%s ", $1 }'
  done
  echo
done

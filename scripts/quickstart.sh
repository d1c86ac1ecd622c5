#!/bin/sh
# From a fresh Debian 12 to an answer: installs what is needed, builds build/eaic, compiles the example model to
# a WebAssembly module, and lets it read a handwritten digit. The second time it takes seconds.
set -eu
cd "$(dirname "$0")/.."

scripts/install_dependencies.sh
cmake -S . -B build -G Ninja -DCMAKE_BUILD_TYPE=Release --log-level=WARNING
ninja -C build eaic

picture=testdata/images/digit_7.png
echo
echo "\$ build/eaic compile testdata/models/digits_qdq.onnx -o build/digits.wasm"
build/eaic compile testdata/models/digits_qdq.onnx -o build/digits.wasm
echo "\$ build/eaic run build/digits.wasm $picture --top 3"
answer=$(build/eaic run build/digits.wasm $picture --top 3)
echo "$answer"
echo "$answer" | awk -v picture=$picture \
  'NR == 2 { printf "%s shows a %s, with probability %.1f%%.\n", picture, $1, 100 * $2 }'

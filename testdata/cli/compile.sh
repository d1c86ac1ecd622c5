# needs: compiler
"$CLI/make_onnx.py" net.onnx relu
"$EAIC" compile net.onnx                    # net.wasm, in this folder
"$EAIC" compile net.onnx -o again.wasm
cmp net.wasm again.wasm
"$EAIC" compile net.onnx -o - | cmp - net.wasm
"$EAIC" compile net.onnx -o wide.wasm --dim N=4 --features scalar -g
"$EAIC" run net.wasm random:3
"$EAIC" run net.onnx random:3
"$EAIC" run wide.wasm random:3 --engine wabt --top 1
"$EAIC" compile net.onnx -o w.wasm --dim N=3 2>&1 --stats | grep -c bytes
mkdir folder && "$EAIC" compile net.onnx -o folder || echo "exit code $?"
ls

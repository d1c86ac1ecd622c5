# needs: compiler
"$CLI/make_onnx.py" net.onnx relu
"$EAIC" compile net.onnx --emit graph | grep -c relu
"$EAIC" compile net.onnx --emit plan | grep -c Relu_node
"$EAIC" compile net.onnx --emit llvm | grep -o 'target triple.*'
"$EAIC" compile net.onnx --emit wat | head -n 1
"$EAIC" compile net.onnx --emit object && wasm-objdump -h net.o | grep -c Code
"$EAIC" compile net.onnx --emit wat -o net.wat && wat2wasm net.wat -o from-wat.wasm && wasm-validate from-wat.wasm
"$EAIC" compile net.onnx --emit bytecode || echo "exit code $?"
ls

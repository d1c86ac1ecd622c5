try() { "$EAIC" "$@" || echo "exit code $?"; }
try rnu
try frobnicate
try run
try run --egine wabt m.wasm
try run --frobnicate m.wasm
try run -x m.wasm
try run m.wasm -o
try run m.wasm --top none
try run m.wasm --top=0
try run m.wasm --scale fast
try run --help=yes
try run m.wasm --engine v8
try run m.wasm --mean 1,2,3,4,5
try run m.wasm --std 1,,2
try inspect a.wasm b.wasm
try bench m.wasm --max-regression -5%
try bench m.wasm --max-regression 5%
try bench m.wasm --duration 0
try bench m.wasm --duration -1
try help frobnicate
try inspect -- -x.wasm

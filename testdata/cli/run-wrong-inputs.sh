"$CLI/make_module.py" "$CLI/affine.wat" "$CLI/affine.json" m.wasm
printf 'abcde' > u.bin
cp u.bin u.txt
try() { "$EAIC" run m.wasm "$@" || echo "exit code $?"; }
try
try zeros
try zeros zeros zeros
try zeros u.bin
try zeros u.txt
try zeros missing.npy
try zeros random:pi
try x=zeros y=zeros
try x=zeros x=zeros
try zeros zeros -o y.txt
try zeros zeros -o w=y.bin
try zeros zeros -o no/such/folder/y.bin
try zeros "$TESTDATA/images/digit_0.png" --std 0
try zeros "$TESTDATA/images/digit_0.png" --mean 1,2
printf 'abc' | try zeros -
printf 'abcde' | try zeros -
ls

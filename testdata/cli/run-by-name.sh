"$CLI/make_module.py" "$CLI/affine.wat" "$CLI/affine.json" m.wasm
printf 'abcd' > u.bin
"$EAIC" run m.wasm u=u.bin x=zeros -o z=z.bin -o y=y.npy
cat z.bin
echo
"$EAIC" run m.wasm --engine wabt zeros u.bin --output=z=- -o y.pb

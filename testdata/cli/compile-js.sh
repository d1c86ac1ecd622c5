# needs: compiler
"$CLI/make_onnx.py" net.onnx relu
"$EAIC" compile net.onnx --js
"$EAIC" compile net.onnx -o other.bin --js --features scalar
# The page holds the module, and asks for nothing else.
python3 - <<'PYTHON'
import base64, re
for page, module in ("net.html", "net.wasm"), ("other.bin.html", "other.bin"):
    text = open(page, encoding="utf-8").read()
    inside = base64.b64decode(re.search(r'id="wasm">([^<]*)<', text)[1])
    print(page, inside == open(module, "rb").read(), text.count("@"), len(re.findall(r'(?:src|href)="', text)))
PYTHON
for words in "-o -" "--emit wat" "--stop-after fuse-qdq"; do
  "$EAIC" compile net.onnx --js $words || echo "exit code $?"
done
ls

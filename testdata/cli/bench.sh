"$CLI/make_module.py" "$CLI/affine.wat" "$CLI/affine.json" m.wasm
"$EAIC" bench m.wasm --duration 0.05 --profile --json report.json 2>/dev/null
python3 -c '
import json
r = json.load(open("report.json"))
assert r["schema"] == 1 and r["macs"] == 3 and set(r["phases"]) == {"compile", "instantiate", "first_run", "steady"}, r
for phase in r["phases"].values():
    assert phase["samples"] and 0 < phase["min"] <= phase["median"] <= phase["max"] == max(phase["samples"]), phase
# A baseline that was ten times as fast, and one that was ten times as slow.
for name, factor in ("fast", 0.1), ("slow", 10):
    r["phases"]["steady"]["samples"] = [s * factor for s in r["phases"]["steady"]["samples"]]
    json.dump(r, open(name + ".json", "w"))
    r = json.load(open("report.json"))'
"$EAIC" bench m.wasm --duration 0.05 --baseline slow.json >slow.txt 2>/dev/null || echo "exit code $?"
grep -o 'ok$' slow.txt
"$EAIC" bench m.wasm --duration 0.05 --baseline fast.json --max-regression 50% >fast.txt 2>/dev/null || echo "exit code $?"
grep -o 'at most.*' fast.txt
"$CLI/make_module.py" "$CLI/affine.wat" "$CLI/affine.json" other.wasm 'm["model"].update(sha256="1" * 64)'
# Mistakes show before anything is measured, and leave no files behind.
for arguments in "m.wasm --engine wabt --baseline fast.json" "m.wasm --baseline m.wasm" \
  "m.wasm --baseline missing.json" "other.wasm --baseline slow.json" "m.wasm --json no/such/folder/report.json" \
  "m.wasm --json ." "m.wasm random:1"; do
  "$EAIC" bench $arguments --duration 1000 >/dev/null 2>err.txt || echo "exit code $?"
  grep error err.txt # warnings about a busy machine come and go
done
ls

#!/bin/sh
# Puts wasmtime's shared library, with its C API, into build/deps/wasmtime/lib (or WASMTIME_ROOT/lib). It comes
# from the PyPI wheel `wasmtime`, whose content is pinned by checksums; runtime-lite/engine/wasmtime_api.h declares
# what we call. Without it eaic still builds, with the interpreter only: so a failure here warns and is no error.
set -eu
cd "$(dirname "$0")/.."

version=50.0.1
root=${WASMTIME_ROOT:-build/deps/wasmtime}
stamp=$root/version

if [ -f "$root/lib/libwasmtime.so" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$version" ]; then exit 0; fi

skip() {
  echo "warning: no wasmtime ($1); eaic will run modules with wabt's interpreter only" >&2
  exit 0
}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/requirements.txt" <<REQUIREMENTS
wasmtime==$version \\
    --hash=sha256:cc14c3a17654e0394e0225b11813532ef0cd7bd1e222a0c5494cdedaabeddac4 \\
    --hash=sha256:675484e525c028dc02762b777f1db4477ea70caa3fec6775426daff4d64edfb1
REQUIREMENTS
# The hashes are those of the wheels for x86-64 and arm64 Linux.

if ! python3 -m pip --version >/dev/null 2>&1; then
  python3 -m venv "$folder/venv" || skip "python3 has neither pip nor venv"
  PATH=$folder/venv/bin:$PATH
fi
python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
  --require-hashes -r "$folder/requirements.txt" -d "$folder" || skip "pip could not download it"

python3 - "$folder" "$root" <<'PYTHON' || skip "the wheel holds no library"
import pathlib, sys, zipfile
folder, root = map(pathlib.Path, sys.argv[1:])
wheel = zipfile.ZipFile(next(folder.glob("wasmtime-*.whl")))
library = next(name for name in wheel.namelist() if name.endswith("/_libwasmtime.so"))
(root / "lib").mkdir(parents=True, exist_ok=True)
temporary = root / "lib" / "libwasmtime.so.new"
temporary.write_bytes(wheel.read(library))
temporary.rename(root / "lib" / "libwasmtime.so")
PYTHON
echo "$version" > "$stamp"
echo "wasmtime $version: $root/lib/libwasmtime.so"

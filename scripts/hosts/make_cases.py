#!/usr/bin/env python3
"""Makes what scripts/test_hosts.sh runs on every host: modules of each level, an input, the reference's output.

usage: make_cases.py EAIC OUT MODEL...
MODEL: NAME/model.onnx with NAME/test_data_set_0, or NAME.onnx with NAME/test_data_set_0.

OUT/NAME/ gets {scalar,simd128,relaxed,wasi}.wasm (wasi: simd128 with --abi wasi), input.bin (the inputs one after
the other) and expected.bin (the outputs likewise): those of the scalar module after `eaic verify` found them equal
to native evaluation on this input, byte for byte. OUT/cases.json lists names, the cheapest model first. Needs numpy."""
import json
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from check_models import load_tensor, module_metadata  # noqa: E402

MODULES = {
    "scalar": ["--features", "scalar"],
    "simd128": [],
    "relaxed": ["--features", "relaxed"],
    "wasi": ["--abi", "wasi"],
}


def make_case(eaic, model, out):
    name = model.parent.name if model.stem == "model" else model.stem
    data = (model.parent if model.stem == "model" else model.with_suffix("")) / "test_data_set_0"
    folder = out / name
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "data").mkdir(parents=True)
    for level, options in MODULES.items():
        subprocess.run([eaic, "compile", model, "-o", folder / f"{level}.wasm", *options], check=True)
    meta = module_metadata(folder / "scalar.wasm")
    inputs = [data / f"input_{i}.pb" for i in range(len(meta["inputs"]))]
    for path in inputs:
        shutil.copy(path, folder / "data")
    (folder / "input.bin").write_bytes(b"".join(load_tensor(path).tobytes() for path in inputs))
    subprocess.run([eaic, "verify", model, folder / "scalar.wasm", "--data", folder / "data"], check=True,
                   stdout=subprocess.DEVNULL)
    outputs = [folder / f"output_{i}.bin" for i in range(len(meta["outputs"]))]
    subprocess.run([eaic, "run", folder / "scalar.wasm", *inputs, *(word for path in outputs for word in ("-o", path))],
                   check=True)
    (folder / "expected.bin").write_bytes(b"".join(path.read_bytes() for path in outputs))
    for path in outputs:
        path.unlink()
    return {"name": name, "macs": sum(step["macs"] for step in meta["steps"])}


def main():
    eaic, out, *models = sys.argv[1:]
    cases = [make_case(Path(eaic).resolve(), Path(model), Path(out)) for model in models]
    cases.sort(key=lambda case: case["macs"])
    (Path(out) / "cases.json").write_text(json.dumps(cases) + "\n")


if __name__ == "__main__":
    main()

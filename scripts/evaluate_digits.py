#!/usr/bin/env python3
"""Evaluate a compiled digits model on the held-out images, and compare it with ONNX Runtime.

    python3 scripts/evaluate_digits.py MODEL.onnx MODULE.wasm [--runner node|eaic] [--limit N]

Prints the accuracy and, where onnxruntime can be imported, how many predictions and output elements differ
from its own on MODEL.onnx. An output that is an integer or comes straight out of DequantizeLinear must agree
bit for bit; another one (probabilities after a float Softmax) is only measured. `--runner node` evaluates all
images in one process; `--runner eaic` starts `eaic run` for each, so --limit is 20 then unless given.
Exit code: 0 agreement, 1 a prediction (or an element of an exact output) differs, 2 usage.
"""
import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from check_models import RUN_MODULE, model_nodes, module_metadata

HELD_OUT = Path(__file__).resolve().parent.parent / "testdata/models/digits_heldout.npz"


def run_node(args, inputs, folder):
    inputs.tofile(folder / "input.bin")
    subprocess.run([args.node, RUN_MODULE, args.module, "--input", folder / "input.bin",
                    "--output", folder / "output.bin"], check=True)
    return (folder / "output.bin").read_bytes()


def run_eaic(args, inputs, folder):
    outputs = []
    for image in inputs:
        image.tofile(folder / "input.bin")
        subprocess.run([args.eaic, "run", args.module, folder / "input.bin", "-o", folder / "output.bin"],
                       check=True)
        outputs.append((folder / "output.bin").read_bytes())
    return b"".join(outputs)


def run_onnxruntime(model, inputs):
    """The model's first output for each image, or None without onnxruntime."""
    try:
        import onnxruntime
    except ImportError:
        return None
    options = onnxruntime.SessionOptions()
    # Without this, u8 x s8 products saturate on x86 CPUs that lack VNNI.
    options.add_session_config_entry("session.x64quantprecision", "1")
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return np.concatenate([session.run(None, {name: image})[0] for image in inputs])


def is_exact(model, output):
    """Whether the model's output called output["name"] is an integer, or a dequantized one."""
    producer = {name: op for op, names in model_nodes(model) for name in names}
    return not output["dtype"].startswith("float") or producer[output["name"]] == "DequantizeLinear"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, metavar="MODEL.onnx")
    parser.add_argument("module", type=Path, metavar="MODULE.wasm")
    parser.add_argument("--runner", choices=("node", "eaic"), default="node")
    parser.add_argument("--data", type=Path, default=HELD_OUT, help="images and labels (default: testdata's)")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N images")
    parser.add_argument("--node", default="node", help="default: node")
    parser.add_argument("--eaic", default="build/eaic", help="default: build/eaic")
    args = parser.parse_args()

    data = np.load(args.data)
    limit = args.limit or (20 if args.runner == "eaic" else None)
    images, labels = data["images"][:limit], data["labels"][:limit]
    inputs = images[:, None, None].astype(np.float32) / np.float32(255)
    output = module_metadata(args.module)["outputs"][0]
    run = {"node": run_node, "eaic": run_eaic}[args.runner]
    with tempfile.TemporaryDirectory() as folder:
        ours = np.frombuffer(run(args, inputs, Path(folder)), output["dtype"]).reshape(len(labels), -1)
    predictions = ours.argmax(1)
    correct = np.count_nonzero(predictions == labels)
    print(f"accuracy: {correct / len(labels):.2%} ({correct} of {len(labels)} images)")

    theirs = run_onnxruntime(args.model, inputs)
    if theirs is None:
        print("onnxruntime is not installed: nothing to compare with")
        return 0
    theirs = theirs.reshape(ours.shape)
    wrong = np.count_nonzero(predictions != theirs.argmax(1))
    unequal = np.count_nonzero(ours != theirs)
    exact = is_exact(args.model, output)
    print(f"predictions unlike ONNX Runtime's: {wrong}")
    print(f"output elements unlike ONNX Runtime's: {unequal} of {ours.size} ({'exact' if exact else 'float'} "
          f"output), max difference {np.abs(ours.astype(np.float64) - theirs).max():.3g}")
    return 1 if wrong or (exact and unequal) else 0


if __name__ == "__main__":
    sys.exit(main())

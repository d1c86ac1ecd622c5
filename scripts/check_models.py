#!/usr/bin/env python3
"""Compile whole models, run them in several engines and compare with ONNX Runtime's stored outputs.

    python3 scripts/check_models.py DIR ... [--levels scalar,simd128] [--engines node,wasmtime,wabt]
                                    [--models GLOB] [--jobs N]

Each DIR holds models, either as NAME/model.onnx next to NAME/test_data_set_N, or as NAME.onnx next to the
folder NAME/test_data_set_N; a test_data_set_N holds input_K.pb and output_K.pb. The outputs may be joined by
those of ONNX Runtime without graph optimizations: output_K_noopt.pb, or setN_outK_noopt in NAME/sample.npz.

What passes: let d = |ours - noopt| and e = |default - noopt| over all elements of an output in all sets
(without noopt outputs: noopt = default, e = 0), and m = max |noopt|.
  quantized model, integer output   mean(d) <= 2 mean(e), and at most twice as many elements differ
  quantized model, float output     mean(d) <= 2 mean(e) + 1e-4 m, and d > 0.02 m in at most twice as many
                                    elements as e, plus 0.1%
  float model                       |ours - default| <= 1e-4 (1 + |default|)
In addition all levels and engines must give the same bytes. Numpy is all that is needed.
Exit code: 0 all passed, 1 something failed or nothing could run, 2 usage.
"""
import argparse
import fnmatch
import json
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

LEVELS, ENGINES = ("scalar", "simd128"), ("node", "wasmtime", "wabt")
RUN_MODULE = Path(__file__).resolve().parent / "run_module.mjs"

# Models known to be better behaved than the rule asks.
FLOAT_TOLERANCE = {"mlperf_ic_resnet8_f32": 1e-5}
MIN_COSINE = {"minilm_l6_s64_dyn_u8": 0.9999}


# ---- just enough protobuf for TensorProto and for a model's operators

def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def fields(data):
    """(field number, int or bytes) for each field of a message."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        wire = key & 7
        if wire == 0:
            value, at = varint(data, at)
        else:
            size, at = varint(data, at) if wire == 2 else ({1: 8, 5: 4}[wire], at)
            value, at = data[at:at + size], at + size
        yield key >> 3, value


DTYPES = {1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 9: "bool",
          10: "float16", 11: "float64", 12: "uint32", 13: "uint64"}


def load_tensor(path):
    """The array in a TensorProto file that holds its elements as raw data."""
    dims, dtype, raw = [], None, b""
    for number, value in fields(Path(path).read_bytes()):
        if number == 1:
            dims.append(value)
        elif number == 2:
            dtype = DTYPES[value]
        elif number == 9:
            raw = value
    return np.frombuffer(raw, dtype).reshape(dims)


def subfields(messages, number):
    return [value for message in messages for n, value in fields(message) if n == number]


def model_nodes(path):
    """(operator, output names) of each node of an ONNX model's main graph."""
    graph = subfields([Path(path).read_bytes()], 7)
    for node in subfields(graph, 1):
        yield subfields([node], 4)[0].decode(), [name.decode() for name in subfields([node], 2)]


def is_quantized(path):
    return any(part in op for op, _ in model_nodes(path) for part in ("Quantize", "QLinear", "Integer"))


def module_metadata(path):
    """The JSON in the module's custom section `eaic`."""
    data, at = Path(path).read_bytes(), 8
    while at < len(data):
        section = data[at]
        size, at = varint(data, at + 1)
        if section == 0:
            length, start = varint(data, at)
            if data[start:start + length] == b"eaic":
                return json.loads(data[start + length:at + size])
        at += size
    raise RuntimeError("the module has no custom section 'eaic'")


# ---- models and their test data

@dataclass
class Model:
    name: str
    path: Path
    sets: list  # folders test_data_set_N

    def inputs(self):
        """[set][input] -> file"""
        return [numbered(folder, "input_{}.pb") for folder in self.sets]

    def outputs(self):
        """[(default, noopt)] for each output, all sets stacked; noopt may be default itself."""
        sample = self.sets[0].parent / "sample.npz"
        stored = np.load(sample) if sample.exists() else {}
        pairs = []
        for folder in self.sets:
            index = folder.name.rpartition("_")[2]
            pairs.append([])
            for k, file in enumerate(numbered(folder, "output_{}.pb")):
                default, noopt = load_tensor(file), folder / f"output_{k}_noopt.pb"
                if noopt.exists():
                    other = load_tensor(noopt)
                else:
                    other = stored.get(f"set{index}_out{k}_noopt", default)
                pairs[-1].append((default, other))
        return [tuple(np.stack(arrays) for arrays in zip(*output)) for output in zip(*pairs)]


def numbered(folder, pattern):
    """folder/pattern for 0, 1, 2 ... as long as the files exist."""
    files = []
    while (file := folder / pattern.format(len(files))).exists():
        files.append(file)
    return files


def find_models(directory):
    for path in sorted({*directory.glob("*.onnx"), *directory.glob("*/model.onnx")}):
        folder = path.parent if path.name == "model.onnx" else path.with_suffix("")
        sets = sorted(folder.glob("test_data_set_*"), key=lambda f: int(f.name.rpartition("_")[2]))
        yield Model(folder.name, path, sets)


# ---- comparison

def distance(a, b):
    """|a - b| in float64: 0 for equal elements and pairs of NaN, infinite where only one is NaN."""
    with np.errstate(invalid="ignore"):
        d = np.abs(a.astype(np.float64) - b.astype(np.float64))
    d[np.isnan(d)] = np.inf
    d[(a == b) | ((a != a) & (b != b))] = 0
    return d


def judge(model, quantized, ours, default, noopt):
    """Whether one output passes, and how it differs in a few words."""
    d = distance(ours, noopt if quantized else default)
    e = distance(default, noopt)
    if not quantized:
        ok = (d <= FLOAT_TOLERANCE.get(model, 1e-4) * (1 + np.abs(default))).all()
    elif ours.dtype.kind != "f":
        ok = d.mean() <= 2 * e.mean() and (d > 0).sum() <= 2 * (e > 0).sum()
    else:
        m = np.abs(noopt).max()
        ok = (d.mean() <= 2 * e.mean() + 1e-4 * m
              and (d > 0.02 * m).sum() <= 2 * (e > 0.02 * m).sum() + 0.001 * d.size)
    if not distance(ours, default).any():
        text = "bit-equal"
    elif not distance(ours, noopt).any():
        text = "bit-equal (to noopt)"
    else:
        text = f"{(d > 0).sum()}/{d.size} differ, max {d.max():.3g}, mean {d.mean():.3g}"
        if e.any():
            text += f" (ONNX Runtime itself {(e > 0).sum()}, {e.max():.3g}, {e.mean():.3g})"
    if model in MIN_COSINE:
        a, b = ours.ravel().astype(np.float64), default.ravel().astype(np.float64)
        cosine = a @ b / np.sqrt((a @ a) * (b @ b))
        ok &= bool(cosine >= MIN_COSINE[model])
        text += f", cosine {cosine:.6f}"
    return bool(ok), text


# ---- compile and run

def call(command, timeout):
    try:
        result = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                                timeout=timeout)
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"timed out after {timeout} s") from None
    if result.returncode:
        lines = result.stderr.strip().splitlines() or ["no message"]
        raise RuntimeError(f"exit code {result.returncode}: {lines[0]}")


def run_node(args, module, meta, inputs, work):
    """All sets in one process; returns one array per output, sets along the first axis."""
    command = [args.node, RUN_MODULE, module]
    for k, files in enumerate(zip(*inputs)):
        raw = work / f"input_{k}.bin"
        raw.write_bytes(b"".join(load_tensor(file).tobytes() for file in files))
        command += ["--input", raw]
    results = [work / f"output_{k}.bin" for k in range(len(meta["outputs"]))]
    for file in results:
        command += ["--output", file]
    call(command, args.timeout)
    return [np.fromfile(file, output["dtype"]).reshape(len(inputs), *output["shape"])
            for file, output in zip(results, meta["outputs"])]


def run_eaic(args, engine, module, meta, inputs, work):
    """The same through `eaic run`, one process a set, which also exercises its .pb reader and .npy writer."""
    sets = []
    for files in inputs:
        results = [work / f"output_{k}.npy" for k in range(len(meta["outputs"]))]
        named = [f"{output['name']}={file}" for file, output in zip(results, meta["outputs"])]
        words = [word for name in named for word in ("-o", name)] if len(named) > 1 else ["-o", results[0]]
        call([args.eaic, "run", module, *files, *words, "--engine", engine], args.timeout)
        sets.append([np.load(file) for file in results])
    return [np.stack(arrays) for arrays in zip(*sets)]


def check_output(model, quantized, ours, expected, reference):
    """Whether all outputs of one run pass; reference: the outputs of the first run of this model."""
    if len(ours) != len(expected):
        return False, f"{len(ours)} outputs, expected {len(expected)}"
    verdicts = []
    for k, (mine, (default, noopt)) in enumerate(zip(ours, expected)):
        if (mine.dtype, mine.shape) != (default.dtype, default.shape):
            ok = False
            text = f"{mine.dtype}{mine.shape[1:]}, expected {default.dtype}{default.shape[1:]}"
        else:
            ok, text = judge(model, quantized, mine, default, noopt)
            differing = np.count_nonzero(distance(mine, reference[k]))
            if differing:
                ok, text = False, f"{text}; {differing} elements unlike the first run's"
        verdicts.append((ok, text if len(ours) == 1 else f"output {k}: {text}"))
    return all(ok for ok, _ in verdicts), "; ".join(text for _, text in verdicts)


def check_model(args, model):
    """Lines of (verdict, level, engine, text)."""
    if not model.sets:
        return [("skip", "-", "-", "no test data")]
    lines, reference = [], None
    quantized, inputs, expected = is_quantized(model.path), model.inputs(), model.outputs()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for level in args.levels:
            module = work / f"{level}.wasm"
            try:
                call([args.eaic, "compile", model.path, "-o", module, "--features", level], args.timeout)
                meta = module_metadata(module)
            except RuntimeError as error:
                lines.append(("FAIL", level, "compile", str(error)))
                continue
            macs = sum(step.get("macs", 0) for step in meta["steps"]) * len(inputs)
            for engine in args.engines:
                if engine == "wabt" and macs > args.wabt_macs:
                    lines.append(("skip", level, engine, f"{macs / 1e6:.0f} M MACs to interpret"))
                    continue
                if engine == "node" and not shutil.which(args.node):
                    lines.append(("skip", level, engine, f"no {args.node}"))
                    continue
                try:
                    if engine == "node":
                        ours = run_node(args, module, meta, inputs, work)
                    else:
                        ours = run_eaic(args, engine, module, meta, inputs, work)
                except (RuntimeError, ValueError) as error:
                    lines.append(("FAIL", level, engine, str(error)))
                    continue
                reference = reference or ours
                ok, text = check_output(model.name, quantized, ours, expected, reference)
                lines.append(("pass" if ok else "FAIL", level, engine, text))
    return lines


def main():
    def names(allowed):
        def parse(text):
            words = text.split(",")
            if unknown := set(words) - set(allowed):
                raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}")
            return words
        return parse

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dirs", nargs="+", type=Path, metavar="DIR")
    parser.add_argument("--models", default="*", metavar="GLOB", help="only models whose name matches")
    parser.add_argument("--levels", type=names((*LEVELS, "relaxed")), default=LEVELS,
                        help=f"default: {','.join(LEVELS)}")
    parser.add_argument("--engines", type=names(ENGINES), default=ENGINES,
                        help=f"default: {','.join(ENGINES)}")
    parser.add_argument("--eaic", default="build/eaic", help="default: build/eaic")
    parser.add_argument("--node", default="node", help="the Node to use (default: node)")
    parser.add_argument("--jobs", type=int, default=1, help="models at a time")
    parser.add_argument("--timeout", type=float, default=300, help="seconds for one process")
    parser.add_argument("--wabt-macs", type=float, default=50e6, help="skip the interpreter above this many")
    args = parser.parse_args()
    if not shutil.which(args.eaic):
        parser.error(f"no executable {args.eaic}")
    models = [m for folder in args.dirs for m in find_models(folder) if fnmatch.fnmatch(m.name, args.models)]
    if not models:
        parser.error("no models found")

    counts = {"pass": 0, "FAIL": 0, "skip": 0}
    with ThreadPoolExecutor(args.jobs) as pool:
        for model, lines in zip(models, pool.map(lambda m: check_model(args, m), models)):
            for verdict, level, engine, text in lines:
                counts[verdict] += 1
                print(f"{verdict}  {model.name:28} {level:8} {engine:9} {text}", flush=True)
    print("{pass} passed, {FAIL} failed, {skip} skipped".format(**counts))
    return 0 if counts["pass"] and not counts["FAIL"] else 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""The tests that ONNX ships for its backends, compiled and run in Node.

    python3 scripts/onnx_backend_tests.py [--operators GLOB] [--cases GLOB] [--sample N] [--eaic F] [--node F]

Node tests and the folders simple, pytorch-operator, pytorch-converted and light, as the installed `onnx` has them; each
test's first data set, with the test's own tolerances. A module must return the declared dtype's bytes in the expected
number: its output's shape is that of the expected tensor.

"unsupported": eaic says so in one message with exit code 1. Tests outside of what eaic is for are left out (`LEFT_OUT`).
Needs onnx, numpy and Node. Exit code: 0 none failed, 1 some did (or nothing ran), 2 usage.
"""
import argparse
import fnmatch
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from check_operators import MISSING, read_array, read_data_set, run_modules

if not MISSING:
    import numpy as np
    import onnx
    from onnx.backend.test import loader

FOLDERS = ("simple", "pytorch-operator", "pytorch-converted", "light")

# Reason -> operators that are not for eaic. Strings, sequences, optionals and random numbers have no place in a module of
# fixed memory and fixed results; gradients and optimizers are for training.
LEFT_OUT = {
    "training": {"Adagrad", "Adam", "Momentum", "Gradient"},
    "random numbers": {"Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform",
                       "RandomUniformLike"},
    "strings": {"StringConcat", "StringNormalizer", "StringSplit", "RegexFullMatch", "TfIdfVectorizer", "LabelEncoder"},
    "sequences": {"SequenceAt", "SequenceConstruct", "SequenceEmpty", "SequenceErase", "SequenceInsert", "SequenceLength",
                  "SequenceMap", "SplitToSequence", "ConcatFromSequence", "ReverseSequenceOfSequences"},
    "optional types": {"Optional", "OptionalGetElement", "OptionalHasElement"},
    "pictures are decoded by the host": {"ImageDecoder"},
}


@dataclass
class Job:
    """One test on its way."""
    operator: str
    name: str
    model: object
    inputs: list
    outputs: list
    rtol: float
    atol: float
    verdict: str = ""  # pass, FAIL, unsupported, left out
    text: str = ""
    modules: dict = field(default_factory=dict)


def reason_to_leave_out(model, inputs, outputs):
    nodes = [node for graph in [model.graph, *model.functions] for node in graph.node]
    for reason, operators in LEFT_OUT.items():
        if any(node.op_type in operators for node in nodes):
            return reason
    if any(node.domain.startswith("ai.onnx.preview") for node in nodes):
        return "ai.onnx.preview"
    if any(node.op_type == "Dropout" and training_mode(model, node) for node in nodes):
        return "training"
    values = [*model.graph.input, *model.graph.output]
    if any(value.type.WhichOneof("value") != "tensor_type" for value in values):
        return "sequences and optional types"
    if any(value.type.tensor_type.elem_type == onnx.TensorProto.STRING for value in values):
        return "strings"
    if not all(isinstance(array, np.ndarray) for array in (*inputs, *outputs)):
        return "sequences and optional types"
    return ""


def training_mode(model, node):
    """Whether a Dropout has input 2, which the tests set to true."""
    return len(node.input) > 2 and node.input[2] != "" and "train" in model.graph.name


def load_tests():
    tests = list(loader.load_node_model_tests())
    for folder in FOLDERS:
        tests += loader.load_model_tests(kind=folder)
    return tests


def make_job(test):
    folder = Path(test.model_dir) if test.model_dir else None
    model = test.model if test.model is not None else onnx.load(folder / "model.onnx")
    operators = [node.op_type for node in model.graph.node]
    operator = operators[0] if len(operators) == 1 else test.name.removeprefix("test_").split("_")[0]
    inputs, outputs = ([as_array(v) for v in values] for values in
                       (test.data_sets[0] if test.data_sets else first_data_set(folder)))
    job = Job(operator, test.name, model, inputs, outputs, test.rtol, test.atol)
    reason = reason_to_leave_out(model, inputs, outputs)
    if reason:
        job.verdict, job.text = "left out", reason
    return job


def as_array(value):
    """Some tests hold NumPy scalars, Python numbers, or messages."""
    if isinstance(value, onnx.TensorProto):
        return onnx.numpy_helper.to_array(value)
    return np.asarray(value) if isinstance(value, (np.generic, int, float)) else value


def first_data_set(folder):
    """Data of a test: protobuf files, or in `light` no data: then any input that gives a defined output."""
    if (folder / "test_data_set_0").exists():
        return read_data_set(folder / "test_data_set_0")
    return [], []


def dims_of(job):
    """--dim arguments: symbolic sizes are those of the data."""
    words = []
    for value, array in zip(job.model.graph.input, job.inputs):
        for axis, dim in enumerate(value.type.tensor_type.shape.dim):
            if not dim.HasField("dim_value"):
                words += ["--dim", f"{dim.dim_param or f'{value.name}:{axis}'}={array.shape[axis]}"]
    return words


def packed(array):
    """Bytes of a tensor in a module: elements below 8 bits take a byte each, as in NumPy."""
    return np.ascontiguousarray(array).tobytes()


def compile_job(args, work, index, job):
    if job.verdict:
        return
    path, module = work / f"{index}.onnx", work / f"{index}.simd128.wasm"
    onnx.save(job.model, path)
    for k, array in enumerate(job.inputs):
        (work / f"{index}.in{k}").write_bytes(packed(array))
    command = [args.eaic, "compile", path, "-o", module, *dims_of(job)]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=120, errors="replace")
    except subprocess.TimeoutExpired:
        job.verdict, job.text = "FAIL", "compiling took over 120 s"
        return
    if result.returncode:
        lines = [line for line in result.stderr.strip().splitlines() if "error:" in line] or ["no message"]
        message = lines[0].replace(f"{path}: ", "")
        refused = result.returncode == 1 and "error:" in message
        job.verdict = "unsupported" if refused else "FAIL"
        job.text = message if refused else f"exit code {result.returncode}: {message}"
        return
    job.modules["simd128"] = module


def difference(job, raw):
    """What is wrong with a module's output bytes, or an empty text."""
    size = sum(array.nbytes for array in job.outputs)
    if len(raw) != size:
        return f"outputs have {len(raw)} bytes, expected {size}"
    at = 0
    for k, expected in enumerate(job.outputs):
        ours = np.frombuffer(raw, expected.dtype, expected.size, at).reshape(expected.shape)
        at += expected.nbytes
        exact = expected.dtype.kind in "biu"
        a, b = (ours, expected) if exact else (ours.astype(np.float64), expected.astype(np.float64))
        same = a == b if exact else np.isclose(a, b, rtol=job.rtol, atol=job.atol, equal_nan=True)
        if not np.all(same):
            worst = np.argwhere(~np.atleast_1d(same))[0]
            first = tuple(int(i) for i in worst)
            return (f"output {k}: {np.size(same) - np.count_nonzero(same)} of {np.size(same)} differ, first at {first}: "
                    f"{np.atleast_1d(ours)[first]}, expected {np.atleast_1d(expected)[first]}")
    return ""


def judge(work, index, job, error):
    text = error or difference(job, (work / f"{index}.simd128.out").read_bytes())
    job.verdict, job.text = ("FAIL", text) if text else ("pass", "")


def report(jobs, verbose):
    table = defaultdict(Counter)
    for job in jobs:
        table[job.operator][job.verdict] += 1
        if job.verdict in ("FAIL", "unsupported") or (verbose and job.verdict == "left out"):
            print(f"{job.verdict}  {job.operator}: {job.name}: {job.text}")
    print(f"{'operator':32} passed  failed  unsupported  left out")
    for operator, row in sorted(table.items(), key=lambda item: (-item[1]["FAIL"], -item[1]["unsupported"], item[0])):
        print(f"{operator:32} {row['pass']:6} {row['FAIL']:7} {row['unsupported']:12} {row['left out']:9}")
    print("left out:")
    for reason, count in Counter(job.text for job in jobs if job.verdict == "left out").most_common():
        print(f"  {count:4} {reason}")
    total = Counter(job.verdict for job in jobs)
    print(f"{total['unsupported']} unsupported by eaic, {total['left out']} left out, of {len(jobs)}")
    print(f"{total['pass']} passed, {total['FAIL']} failed, {total['left out'] + total['unsupported']} skipped")
    return total


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--operators", default="*", metavar="GLOB", help="only tests of these operators")
    parser.add_argument("--cases", default="*", metavar="GLOB", help="only tests whose name matches")
    parser.add_argument("--sample", type=int, metavar="N", help="about N tests, evenly chosen")
    parser.add_argument("--eaic", default="build/eaic", help="default: build/eaic")
    parser.add_argument("--node", default="node", help="the Node to use (default: node)")
    parser.add_argument("--jobs", type=int, default=2, help="compilers at a time")
    parser.add_argument("--verbose", action="store_true", help="list the tests left out, too")
    args = parser.parse_args()
    if MISSING:
        print(f"skipped: the Python package '{MISSING}' is not installed")
        print("0 passed, 0 failed, 0 skipped")
        return 0
    tests = [test for test in load_tests() if fnmatch.fnmatch(test.name, args.cases)]
    if args.sample:
        tests = tests[::max(1, len(tests) // args.sample)]
    jobs = [job for job in map(make_job, tests) if fnmatch.fnmatch(job.operator, args.operators)]
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        with ThreadPoolExecutor(args.jobs) as pool:
            list(pool.map(lambda item: compile_job(args, work, *item), enumerate(jobs)))
        errors = run_modules(args, work, jobs)
        for index, job in enumerate(jobs):
            if not job.verdict:
                judge(work, index, job, errors[index, "simd128"])
    total = report(jobs, args.verbose)
    return 0 if total["pass"] and not total["FAIL"] else 1


if __name__ == "__main__":
    sys.exit(main())

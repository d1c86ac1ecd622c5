#!/usr/bin/env python3
"""Operator conformance: many small models, compiled, run in Node and compared with ONNX Runtime.

    python3 scripts/check_operators.py [--quick] [--operators GLOB] [--cases GLOB] [--backend] [--keep DIR]

The models are made by operator_cases.py and movement_cases.py (float, integers), quantized_dot_cases.py and
quantized_cases.py (QDQ, QOperator, dynamic) and network_cases.py (small networks, quantized by
onnxruntime's tools); --backend runs ONNX's own node tests instead. Each model runs
at every level; levels must agree to the byte. The first is compared with ONNX Runtime with all graph
optimizations ("default") and with none ("noopt"):
  float model               |ours - default| <= 1e-4 (1 + |default|)
  quantized, integer output equal to default, or default and noopt differ at this element
  quantized, float output   as a float model, or default and noopt differ at this element by more than that
or, as a network may amplify a rounding tie, over all elements of an output, with d = |ours - noopt|,
e = |default - noopt|, m = max |noopt|: mean(d) <= 2 mean(e) (+ 1e-4 m for floats), and d is not 0
(integers) or more than 0.02 m (floats) in at most twice as many elements as e (plus 0.1% for floats).

"unsupported": eaic says so in one message with exit code 1.
Needs onnx, onnxruntime, numpy and Node. Exit code: 0 all passed, 1 something failed or nothing ran, 2 usage.
"""
import argparse
import fnmatch
import json
import logging
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
LEVELS = ("scalar", "simd128")
COARSE = {"float16": 2e-3, "bfloat16": 1.6e-2}  # tolerances of types with few digits: two steps
# Node tests that expect other numbers than ONNX Runtime gives: with align_corners it uses the rounded size.
KNOWN = {
    "test_resize_downsample_scales_linear_align_corners", "test_resize_downsample_scales_cubic_align_corners"
}
MISSING = None
try:
    import numpy as np
    import onnx
    import onnxruntime
except ImportError as error:
    MISSING = error.name


@dataclass
class Job:
    """One model on its way: what is given, and what became of it."""
    operator: str
    name: str
    model: object  # ModelProto
    inputs: list  # arrays in the order of the model's inputs
    quantized: bool
    dims: dict = field(default_factory=dict)
    default: list = None  # outputs to compare with
    noopt: list = None
    tolerance: float = 1e-4
    verdict: str = ""  # pass, FAIL, unsupported, skip
    text: str = ""
    exact: bool = False  # equal to default in every element
    own: int = 0  # elements in which default and noopt differ
    modules: dict = field(default_factory=dict)  # level -> path


# ---- the models


def reference_session(model, optimized):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    if not optimized:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(model.SerializeToString(), options,
                                        providers=["CPUExecutionProvider"])


def case_jobs(args):
    import movement_cases  # noqa: F401 (registers its cases, as the next ones)
    import network_cases  # noqa: F401
    import quantized_cases  # noqa: F401
    import operator_cases
    for operator, net in operator_cases.all_cases():
        if fnmatch.fnmatch(operator, args.operators) and fnmatch.fnmatch(net.name, args.cases):
            yield Job(operator, net.name, net, None, net.is_quantized())


def sample(jobs, wanted):
    """At least one job of each operator, and every n-th of the others."""
    if len(jobs) <= wanted:
        return jobs
    step = len(jobs) // wanted + 1
    seen, chosen = Counter(), []
    for job in jobs:
        if seen[job.operator] % step == 0:
            chosen.append(job)
        seen[job.operator] += 1
    return chosen


def run_reference(job):
    """Fills in model, inputs and both references; a Net becomes a model here."""
    net = job.model
    if job.default is not None:
        return
    feeds = net.feeds
    job.noopt = reference_session(net.model(), False).run(None, feeds)
    job.model = net.model(job.noopt)
    job.default = reference_session(job.model, True).run(None, feeds)
    job.inputs, job.dims = list(feeds.values()), net.dims


def backend_jobs(args):
    """ONNX's node tests, each with its first data set."""
    from onnx.backend.test.loader import load_node_model_tests
    for test in load_node_model_tests():
        model = test.model if test.model is not None else onnx.load(Path(test.model_dir) / "model.onnx")
        operators = [node.op_type for node in model.graph.node]
        operator = test.name.removeprefix("test_").split("_")[0] if len(operators) != 1 else operators[0]
        if not fnmatch.fnmatch(operator, args.operators) or not fnmatch.fnmatch(test.name, args.cases):
            continue
        data = test.data_sets or [read_data_set(Path(test.model_dir) / "test_data_set_0")]
        inputs, outputs = (list(map(as_array, arrays)) for arrays in data[0])
        job = Job(operator, test.name, model, inputs, False, tolerance=max(1e-4, test.rtol))
        job.default = job.noopt = outputs
        if test.name in KNOWN:
            job.verdict, job.text = "skip", "ONNX Runtime computes something else"
        if any(array is None for array in (*inputs, *outputs)):
            job.verdict, job.text = "skip", "sequences or optional values"
        yield job


def read_data_set(folder):
    def arrays(kind):
        files = sorted(folder.glob(f"{kind}_*.pb"), key=lambda f: int(f.stem.rpartition("_")[2]))
        return [read_array(file) for file in files]

    return arrays("input"), arrays("output")


def as_array(value):
    """A tensor of a test as an array; None for a sequence, a map or an absent optional value."""
    if isinstance(value, onnx.TensorProto):
        value = onnx.numpy_helper.to_array(value)
    return np.asarray(value) if isinstance(value, (np.ndarray, np.generic)) else None


def freeze_inputs(job):
    """Makes all inputs but the first constants: node tests have shapes and axes as inputs."""
    frozen = onnx.ModelProto()
    frozen.CopyFrom(job.model)
    names = [declared.name for declared in frozen.graph.input]
    frozen.graph.initializer.extend(
        onnx.numpy_helper.from_array(array, name) for name, array in zip(names[1:], job.inputs[1:]))
    del frozen.graph.input[1:], job.inputs[1:]
    job.model = frozen


def read_array(file):
    tensor = onnx.TensorProto()
    try:
        tensor.ParseFromString(file.read_bytes())
        return onnx.numpy_helper.to_array(tensor)
    except Exception:  # a SequenceProto or OptionalProto: what is in it does not matter
        return None


# ---- compile and run


def compile_job(args, work, index, job):
    if job.verdict:
        return
    try:
        run_reference(job)
    except Exception as error:  # whatever ONNX Runtime throws: it cannot run this case
        job.verdict, job.text = "skip", "ONNX Runtime: " + " ".join(str(error).split())[:160]
        return
    build_modules(args, work, index, job)
    if args.backend and "must be known at compile time" in job.text and len(job.inputs) > 1:
        freeze_inputs(job)
        job.verdict = job.text = ""
        build_modules(args, work, index, job)


def build_modules(args, work, index, job):
    """Stores model and inputs, and compiles it at every level."""
    path = work / f"{index}.onnx"
    onnx.save(job.model, path)
    for k, array in enumerate(job.inputs):
        (work / f"{index}.in{k}").write_bytes(np.ascontiguousarray(array).tobytes())
    dims = [word for name, size in job.dims.items() for word in ("--dim", f"{name}={size}")]
    for level in args.levels:
        module = work / f"{index}.{level}.wasm"
        command = [args.eaic, "compile", path, "-o", module, "--features", level, *dims]
        try:
            result = subprocess.run(command, capture_output=True, text=True, timeout=120, errors="replace")
        except subprocess.TimeoutExpired:
            job.verdict, job.text = "FAIL", f"{level}: compiling took over 120 s"
            return
        if result.returncode:
            message = (result.stderr.strip().splitlines() or ["no message"])[0].replace(f"{path}: ", "")
            refused = result.returncode == 1 and "error:" in message
            job.verdict = "unsupported" if refused else "FAIL"
            job.text = message if refused else f"{level}: exit code {result.returncode}: {message}"
            return
        job.modules[level] = module


def run_modules(args, work, jobs):
    """All modules in one Node; returns {(index, level): error or None}."""
    keys, tasks = [], []
    for index, job in enumerate(jobs):
        for level, module in job.modules.items():
            keys.append((index, level))
            inputs = [str(work / f"{index}.in{k}") for k in range(len(job.inputs))]
            tasks.append(
                {"module": str(module), "inputs": inputs, "output": str(work / f"{index}.{level}.out")})
    (work / "jobs.json").write_text(json.dumps(tasks))
    result = subprocess.run([args.node, HERE / "run_modules.mjs", work / "jobs.json"], capture_output=True,
                            text=True)
    if result.returncode:
        sys.exit(f"run_modules.mjs failed: {result.stderr.strip()[:400]}")
    return dict(zip(keys, json.loads(result.stdout)))


def split_outputs(raw, expected):
    """The concatenated outputs of a module as arrays, or None if the sizes are not the expected ones."""
    if len(raw) != sum(array.nbytes for array in expected):
        return None
    arrays, at = [], 0
    for array in expected:
        arrays.append(np.frombuffer(raw, array.dtype, array.size, at).reshape(array.shape))
        at += array.nbytes
    return arrays


# ---- comparison


def distance(a, b):
    """|a - b| in float64: 0 for equal elements and pairs of NaN, infinite where only one is NaN."""
    a, b = np.atleast_1d(a, b)
    with np.errstate(invalid="ignore", over="ignore"):
        d = np.abs(a.astype(np.float64) - b.astype(np.float64))
    d[np.isnan(d)] = np.inf
    d[(a == b) | ((a != a) & (b != b))] = 0
    return d


def within_zoo_rule(d, e, noopt):
    if not np.isfinite(d).all() or not e.any():
        return False
    if noopt.dtype.kind != "f":
        return d.mean() <= 2 * e.mean() and (d > 0).sum() <= 2 * (e > 0).sum()
    m = np.abs(noopt).max()
    return (d.mean() <= 2 * e.mean() + 1e-4 * m
            and (d > 0.02 * m).sum() <= 2 * (e > 0.02 * m).sum() + 0.001 * d.size)


def compare(job, ours, default, noopt):
    """Whether one output passes, in how many elements ONNX Runtime differs from itself, and what differs."""
    if not default.size:
        return True, 0, ""
    ours, default, noopt = np.atleast_1d(ours, default, noopt)
    d, e = distance(ours, default), distance(default, noopt)
    limit = np.zeros(default.shape)
    if default.dtype.kind == "f" or default.dtype.name in COARSE:
        tolerance = max(job.tolerance, COARSE.get(default.dtype.name, 0))
        with np.errstate(invalid="ignore"):
            limit = np.nan_to_num(tolerance * (1 + np.abs(default.astype(np.float64))), nan=0, posinf=0)
    own = int((e > limit).sum())
    wrong = d > limit
    if job.quantized:
        wrong &= e <= limit
    ok = not wrong.any() or (job.quantized and within_zoo_rule(distance(ours, noopt), e, noopt))
    text = ""
    if not ok:
        at = np.unravel_index(np.argmax(np.where(wrong, d, -1)), d.shape)
        text = (f"{int(wrong.sum())} of {d.size} differ, worst at {tuple(map(int, at))}: {ours[at]}, "
                f"expected {default[at]} (noopt {noopt[at]})")
    return ok, own, text


def judge(args, work, index, job, errors):
    reference = None
    for level in job.modules:
        if errors[index, level]:
            job.verdict, job.text = "FAIL", f"{level}: {errors[index, level]}"
            return
        raw = (work / f"{index}.{level}.out").read_bytes()
        ours = split_outputs(raw, job.default)
        if ours is None:
            job.verdict, job.text = "FAIL", f"{level}: outputs have {len(raw)} bytes"
            return
        if reference is None:
            reference = raw
            results = [compare(job, *arrays) for arrays in zip(ours, job.default, job.noopt)]
            job.exact = all(not distance(o, x).any() for o, x in zip(ours, job.default))
            job.own = sum(own for _, own, _ in results)
            job.text = "" if job.exact else "; ".join(
                f"{np.count_nonzero(distance(o, d))} of {d.size} unlike default, "
                f"{np.count_nonzero(distance(o, n))} unlike noopt"
                for o, d, n in zip(ours, job.default, job.noopt))
            for k, (ok, _, text) in enumerate(results):
                if not ok:
                    job.verdict, job.text = "FAIL", f"{level}: output {k}: {text}"
                    return
        elif raw != reference:
            count = sum(a != b for a, b in zip(raw, reference))
            job.verdict, job.text = "FAIL", f"{level} and {args.levels[0]} differ in {count} bytes"
            return
    job.verdict = "pass"


def report(args, jobs):
    table = defaultdict(Counter)
    for job in jobs:
        row = table[job.operator]
        row[job.verdict] += 1
        row["exact"] += job.verdict == "pass" and job.exact
        row["own"] += job.own if job.verdict == "pass" else 0
        if job.verdict != "pass":
            print(f"{job.verdict}  {job.operator}: {job.name}: {job.text}")
        elif args.inexact and job.quantized and not job.exact:
            print(f"inexact  {job.operator}: {job.name}: {job.text}")
    print(
        f"{'operator':28} passed  exact  failed  unsupported  skipped  (elements ONNX Runtime disagrees on)")
    for operator, row in sorted(table.items()):
        own = f"({row['own']})" if row["own"] else ""
        print(f"{operator:28} {row['pass']:6} {row['exact']:6} {row['FAIL']:7} {row['unsupported']:12} "
              f"{row['skip']:8}  {own}".rstrip())
    total = Counter(job.verdict for job in jobs)
    print(f"{total['unsupported']} unsupported by eaic")
    print(f"{total['pass']} passed, {total['FAIL']} failed, {total['skip'] + total['unsupported']} skipped")
    return total


def keep_failures(args, work, jobs):
    args.keep.mkdir(parents=True, exist_ok=True)
    for index, job in enumerate(jobs):
        if job.verdict in ("FAIL", "unsupported"):
            name = "".join(c if c.isalnum() or c in "-_." else "_" for c in f"{job.operator}_{job.name}")
            (args.keep / f"{name}.onnx").write_bytes((work / f"{index}.onnx").read_bytes())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--operators", default="*", metavar="GLOB", help="only these operators")
    parser.add_argument("--cases", default="*", metavar="GLOB", help="only cases whose name matches")
    parser.add_argument("--quick", action="store_true", help="a sample of about 300 cases")
    parser.add_argument("--backend", action="store_true", help="ONNX's backend node tests instead")
    parser.add_argument("--inexact", action="store_true",
                        help="name quantized cases that pass without being bit-equal")
    parser.add_argument("--levels", default=",".join(LEVELS), help=f"default: {','.join(LEVELS)}")
    parser.add_argument("--eaic", default="build/eaic", help="default: build/eaic")
    parser.add_argument("--node", default="node", help="the Node to use (default: node)")
    parser.add_argument("--jobs", type=int, default=2, help="compilers at a time")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="store the models of failed cases here")
    args = parser.parse_args()
    args.levels = args.levels.split(",")
    if MISSING:
        print(f"skipped: the Python package '{MISSING}' is not installed")
        print("0 passed, 0 failed, 0 skipped")
        return 0
    logging.disable(logging.WARNING)  # onnxruntime's tools give advice
    jobs = list(backend_jobs(args) if args.backend else case_jobs(args))
    if args.quick:
        jobs = sample(jobs, 300)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        with ThreadPoolExecutor(args.jobs) as pool:
            list(pool.map(lambda item: compile_job(args, work, *item), enumerate(jobs)))
        errors = run_modules(args, work, jobs)
        for index, job in enumerate(jobs):
            if not job.verdict:
                judge(args, work, index, job, errors)
        if args.keep:
            keep_failures(args, work, jobs)
    total = report(args, jobs)
    return 0 if total["pass"] and not total["FAIL"] else 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Golden tests of the passes: testdata/ir/*.eir.

A file holds `;; pass: NAME[,NAME]`, a graph, a line `;; ---` and the graph that the passes make of it. The
text must be equal, and both graphs must give the same numbers on random inputs (eaic-ir --check). Files
called bad-*.eir hold `;; error: MESSAGE` instead of an expected graph; with a pass, its message counts.

usage: golden.py [-r] [BUILD_DIR] [FILE...]      -r rewrites the expected graphs
"""
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
SEPARATOR = ";; ---\n"
SEEDS = (1, 2, 3)


def header(text, key):
    return [m.strip() for m in re.findall(rf"^;; {key}:(.*)$", text, re.MULTILINE)]


def run(tool, graph, passes, options=()):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "graph.eir"
        path.write_text(graph)
        command = [tool, str(path), *options]
        for name in passes:
            command += ["--pass", name]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr.replace(str(path), path.name)


def check_bad(tool, text):
    """Messages that a malformed graph must give; returns what is wrong, or None."""
    expected = header(text, "error")
    status, _, messages = run(tool, text, header(text, "pass"))
    if not expected:
        return "no ';; error:' line"
    if status != 1:
        return f"exit code {status}, expected 1\n{messages}"
    missing = [e for e in expected if e not in messages]
    return f"missing message: {missing[0]}\ngot: {messages}" if missing else None


def check_good(tool, path, text, rewrite):
    passes = header(text, "pass")
    if not passes:
        return "no ';; pass:' line"
    graph, _, expected = text.partition(SEPARATOR)
    for seed in SEEDS:
        status, printed, messages = run(tool, graph, passes, ["--check", "--seed", str(seed)])
        if status != 0:
            return f"exit code {status} with seed {seed}\n{messages}"
    if rewrite and printed != expected:
        path.write_text(graph + SEPARATOR + printed)
        print(f"{path.name}: rewritten")
    elif printed != expected:
        return f"expected:\n{expected}got:\n{printed}"
    return None


def passes_without_golden(tool, files):
    """Names of passes.def that no file runs; one that runs again ("NAME-again") is the same pass."""
    listed = subprocess.run([tool, "--list"], capture_output=True, text=True, check=True).stdout.splitlines()
    run_by_files = {name for f in files for names in header(f.read_text(), "pass") for name in names.split(",")}
    return [name for name in (line.split()[0].removesuffix("-again") for line in listed) if name not in run_by_files]


def main(arguments):
    rewrite = "-r" in arguments
    arguments = [a for a in arguments if a != "-r"]
    build = pathlib.Path(arguments[0]) if arguments else ROOT / "build"
    tool = str((build / "eaic-ir").resolve())
    files = [pathlib.Path(a) for a in arguments[1:]] or sorted((ROOT / "testdata/ir").glob("*.eir"))
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for path in files:
        text = path.read_text()
        if header(text, "skip"):
            counts["skipped"] += 1
            print(f"{path.name}: skipped: {header(text, 'skip')[0]}")
            continue
        bad = path.name.startswith("bad-")
        problem = check_bad(tool, text) if bad else check_good(tool, path, text, rewrite)
        counts["failed" if problem else "passed"] += 1
        if problem:
            print(f"{path.name}: FAILED: {problem}")
    for name in [] if arguments[1:] else passes_without_golden(tool, files):
        counts["failed"] += 1
        print(f"pass {name}: FAILED: no testdata/ir/*.eir runs it")
    print(", ".join(f"{n} {what}" for what, n in counts.items()))
    return 1 if counts["failed"] or not counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

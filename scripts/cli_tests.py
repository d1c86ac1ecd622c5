#!/usr/bin/env python3
"""Tests of the command line: testdata/cli/*.sh.

Each script runs under `sh -e` in an empty folder with $EAIC, $TESTDATA (testdata/) and $CLI (testdata/cli/) set.
Beside NAME.sh stand NAME.stdout and NAME.stderr (missing: must be empty), and NAME.exit (missing: 0). In them
`*` stands for any text within a line, and a line `...` for any lines. The first line of a script may be
`# needs: compiler node`, or one of the two: it is skipped when the command was built without compiler, or
without --node, which $NODE is then.

usage: cli_tests.py [-r] [--node NODE] [EAIC] [NAME...]
  -r    rewrites .stdout, .stderr and .exit, for a look at the difference
"""
import pathlib
import re
import subprocess
import sys
import tempfile

TESTDATA = pathlib.Path(__file__).resolve().parent.parent / "testdata"
CLI = TESTDATA / "cli"


def pattern_of(expected):
    """The expected text as a regular expression."""
    parts = []
    for line in expected.splitlines(keepends=True):
        if line.strip() == "...":
            parts.append(r"(?:.*\n)*")
        else:
            parts.append(".*".join(re.escape(piece) for piece in line.split("*")))
    return re.compile("".join(parts))


def expectation(script, suffix, default):
    path = script.with_suffix(suffix)
    return path.read_text() if path.exists() else default


def needs_of(script):
    first = script.read_text().partition("\n")[0]
    return set(first.removeprefix("# needs:").split()) if first.startswith("# needs:") else set()


def run(script, eaic, node):
    with tempfile.TemporaryDirectory() as folder:
        environment = {"EAIC": str(eaic), "TESTDATA": str(TESTDATA), "CLI": str(CLI), "PATH": "/usr/local/bin:/usr/bin:/bin",
                       "LC_ALL": "C", "ASAN_OPTIONS": "detect_leaks=1", "NODE": str(node)}
        return subprocess.run(["sh", "-e", script], cwd=folder, env=environment, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=300)


def rewrite(script, done):
    for suffix, text in ((".stdout", done.stdout), (".stderr", done.stderr),
                         (".exit", f"{done.returncode}\n" if done.returncode else "")):
        path = script.with_suffix(suffix)
        if text:
            path.write_text(text.replace(str(TESTDATA), "*"))
        elif path.exists():
            path.unlink()


def differences(script, done):
    problems = []
    if done.returncode != int(expectation(script, ".exit", "0")):
        problems.append(f"exit code {done.returncode}")
    for suffix, text in ((".stdout", done.stdout), (".stderr", done.stderr)):
        if not pattern_of(expectation(script, suffix, "")).fullmatch(text):
            problems.append(f"{suffix[1:]} is:\n{text}")
    return problems


def main(arguments):
    rewriting = "-r" in arguments
    arguments = [a for a in arguments if a != "-r"]
    node = None
    if "--node" in arguments:
        at = arguments.index("--node")
        node = pathlib.Path(arguments[at + 1]).resolve()
        del arguments[at : at + 2]
    eaic = pathlib.Path(arguments[0] if arguments else "build/eaic").resolve()
    scripts = [CLI / f"{name}.sh" for name in arguments[1:]] or sorted(CLI.glob("*.sh"))
    has_compiler = "  compile " in subprocess.run([eaic, "--help"], capture_output=True, text=True, check=True).stdout
    here = ({"compiler"} if has_compiler else set()) | ({"node"} if node else set())
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for script in scripts:
        if not needs_of(script) <= here:
            counts["skipped"] += 1
            continue
        done = run(script, eaic, node)
        if rewriting:
            rewrite(script, done)
        problems = differences(script, done)
        counts["failed" if problems else "passed"] += 1
        if problems:
            print(f"{script.name}: FAILED: " + "\n".join(problems))
    print(", ".join(f"{n} {what}" for what, n in counts.items()))
    return 1 if counts["failed"] or not counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

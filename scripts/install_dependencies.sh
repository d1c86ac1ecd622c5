#!/bin/sh
# Installs what the build needs on Debian 12 or newer (and its relatives): apt packages, and wasmtime's library
# into build/deps. Does nothing, quickly, when all is there. LLVM is version 22, or the newest of 21, 20, 19 that
# apt has.
set -eu
cd "$(dirname "$0")/.."

packages="cmake ninja-build gcc g++ pkg-config python3 python3-venv ca-certificates
  protobuf-c-compiler libprotobuf-c-dev libcjson-dev libsimde-dev libmd-dev libpng-dev libjpeg-dev wabt"

installed() {
  for package; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || return 1
  done
}

known() { # to apt; `apt-cache show` of several is content with one
  for package; do
    [ -n "$(apt-cache show "$package" 2>/dev/null)" ] || return 1
  done
}

llvm_packages() { echo "llvm-$1-dev clang-$1 liblld-$1-dev"; }

apt_run() {
  if [ "$(id -u)" = 0 ]; then
    DEBIAN_FRONTEND=noninteractive apt-get -q "$@"
  else
    sudo DEBIAN_FRONTEND=noninteractive apt-get -q "$@"
  fi
}

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "This is no Debian. Please install by hand:" $packages \
    "and LLVM, clang and lld 19 to 22 with their headers." >&2
  exit 1
fi

have_llvm=no
for version in 22 21 20 19; do
  if installed $(llvm_packages $version); then have_llvm=yes; break; fi
done

if [ $have_llvm = no ] || ! installed $packages; then
  apt_run update
  if [ $have_llvm = no ]; then
    chosen=
    for version in 22 21 20 19; do
      if known $(llvm_packages $version); then chosen=$(llvm_packages $version); break; fi
    done
    if [ -z "$chosen" ]; then
      echo "apt knows no LLVM of version 22, 21, 20 or 19 (llvm-N-dev, clang-N, liblld-N-dev)." >&2
      exit 1
    fi
    packages="$packages $chosen"
  fi
  apt_run install -y --no-install-recommends $packages
fi

scripts/fetch_wasmtime.sh

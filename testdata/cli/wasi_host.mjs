// Runs a WASI command: node wasi_host.mjs MODULE.wasm [slow|closed] <in >out Without a second word in Node's
// own WASI. "slow" is a host that moves at most 3 bytes a call and lets every other call be tried again;
// "closed" one that takes the first 5 bytes of output and then fails.
import { readFileSync, readSync, writeSync } from "node:fs";

const [, , path, kind] = process.argv;
const wasm = new WebAssembly.Module(readFileSync(path));
const AGAIN = 6,
  INTERRUPTED = 27,
  BROKEN_PIPE = 64;

async function nodeWasi() {
  const { WASI } = await import("node:wasi");
  const wasi = new WASI({ version: "preview1", returnOnExit: true });
  return wasi.start(await WebAssembly.instantiate(wasm, { wasi_snapshot_preview1: wasi.wasiImport })) ?? 0;
}

function ownWasi() {
  let memory,
    calls = 0,
    written = 0;
  const move = (transfer) => (fd, spans, count, done) => {
    if (++calls % 2) return calls % 4 === 1 ? AGAIN : INTERRUPTED;
    const view = new DataView(memory.buffer);
    const bytes = Math.min(3, view.getUint32(spans + 4, true));
    const moved = transfer(fd, new Uint8Array(memory.buffer, view.getUint32(spans, true), bytes));
    if (moved < 0) return BROKEN_PIPE;
    view.setUint32(done, moved, true);
    return 0;
  };
  const write = (fd, bytes) => {
    if (kind === "closed" && fd === 1 && (written += bytes.length) > 5) return -1;
    return writeSync(fd, bytes);
  };
  const exit = (code) => {
    throw Object.assign(new Error("exit"), { code });
  };
  const imports = {
    fd_read: move((fd, bytes) => readSync(fd, bytes)),
    fd_write: move(write),
    proc_exit: exit,
  };
  const instance = new WebAssembly.Instance(wasm, { wasi_snapshot_preview1: imports });
  memory = instance.exports.memory;
  try {
    instance.exports._start();
    return 0;
  } catch (error) {
    if (error.code === undefined) throw error;
    return error.code;
  }
}

process.exitCode = kind ? ownWasi() : await nodeWasi();

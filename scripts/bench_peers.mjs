#!/usr/bin/env node
// Measures compiled modules against ONNX Runtime Web (wasm backend, SIMD, one thread) in one Node process.
//
//   node bench_peers.mjs --ort NODE_MODULES/onnxruntime-web [--rounds 5] [--round-ms 300]
//                        MODEL.onnx[=MODULE.wasm] ...
//
// Prints a markdown table. Steady state: in each round every engine runs for --round-ms, taking turns, and
// the figure is the median over all calls of all rounds; a call copies inputs in and outputs out. Cold start:
// from file bytes in memory (for ONNX Runtime Web its own wasm and the model, with its JavaScript already
// loaded) to the first result, the median of three fresh processes. Inputs come from the test_data_set_0 of
// the model (see check_models.py), or are random. Without a module only ONNX Runtime Web is measured.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { performance } from "node:perf_hooks";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { loadModule } from "./run_module.mjs";

const COLD_PROCESSES = 3;
const ARRAY = { float32: Float32Array, uint8: Uint8Array, int8: Int8Array, int32: Int32Array,
                int64: BigInt64Array, bool: Uint8Array };

/** The raw data (field 9) of a TensorProto. */
function rawData(bytes) {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++];
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const key = varint();
    const value = varint();  // or a length
    if (key === (9 << 3 | 2)) return bytes.slice(at, at + value);
    if ((key & 7) === 2) at += value;
  }
  throw new Error("tensor without raw data");
}

/** The folder that holds a model's test data; it also names the model. */
function testFolder(model) {
  return basename(model) === "model.onnx" ? dirname(resolve(model)) : model.replace(/\.onnx$/, "");
}

/** The bytes of each input of a model; tensors: their { dtype, shape }. */
function inputBytes(model, tensors) {
  return tensors.map(({ dtype, shape }, i) => {
    const file = join(testFolder(model), "test_data_set_0", `input_${i}.pb`);
    if (existsSync(file)) return rawData(new Uint8Array(readFileSync(file)));
    const values = new ARRAY[dtype](shape.reduce((a, b) => a * b, 1));
    if (dtype === "float32") values.forEach((_, k) => { values[k] = Math.random(); });
    return new Uint8Array(values.buffer);
  });
}

// An engine is a function from a file's bytes to { inputs: [{ dtype, shape }], run(bytes of each input) }.

function eaicEngine(bytes) {
  const { meta, run } = loadModule(bytes);
  return { inputs: meta.inputs, run };
}

async function ortEngine(folder) {
  const dist = join(resolve(folder), "dist");
  const ort = await import(pathToFileURL(join(dist, "ort.node.min.mjs")));
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = readFileSync(join(dist, "ort-wasm-simd-threaded.wasm"));
  ort.env.logLevel = "error";
  return async (bytes) => {
    const session = await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] });
    const inputs = session.inputMetadata.map(({ name, type, shape }) => ({ name, dtype: type, shape }));
    const run = (buffers) => session.run(Object.fromEntries(inputs.map(({ name, dtype, shape }, i) =>
      [name, new ort.Tensor(dtype, new ARRAY[dtype](buffers[i].buffer), shape)])));
    return { inputs, run };
  };
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

/** Median time of a call for each function, the functions taking turns; a first round only warms up. */
async function interleave(functions, rounds, milliseconds) {
  const times = functions.map(() => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, call] of functions.entries()) {
      const end = performance.now() + milliseconds;
      do {
        const start = performance.now();
        await call();
        if (round > 0) times[i].push(performance.now() - start);
      } while (performance.now() < end);
    }
  }
  return times.map(median);
}

/** Milliseconds from bytes to the first result, in a module or (module empty) in ONNX Runtime Web. */
async function coldStart(model, module, ortFolder) {
  const engine = module ? eaicEngine : await ortEngine(ortFolder);
  const bytes = readFileSync(module || model);
  const start = performance.now();
  const { inputs, run } = await engine(bytes);
  const loaded = performance.now();
  const buffers = inputBytes(model, inputs);
  const ready = performance.now();
  await run(buffers);
  return performance.now() - ready + loaded - start;
}

function coldStartInFreshProcesses(model, module, ortFolder) {
  const command = [fileURLToPath(import.meta.url), "--ort", ortFolder, "--cold", `${model}=${module}`];
  const times = Array.from({ length: COLD_PROCESSES }, () => Number(execFileSync(process.execPath, command)));
  return median(times);
}

async function benchmark(model, module, { ort, rounds, milliseconds }) {
  const engines = [await (await ortEngine(ort))(readFileSync(model))];
  const cold = [coldStartInFreshProcesses(model, "", ort)];
  if (module) {
    engines.push(eaicEngine(readFileSync(module)));
    cold.push(coldStartInFreshProcesses(model, module, ort));
  }
  const buffers = inputBytes(model, engines[0].inputs);
  const steady = await interleave(engines.map(({ run }) => () => run(buffers)), rounds, milliseconds);
  const show = (value) => (value === undefined ? "-" : Number(value.toPrecision(3)));
  return [basename(testFolder(model)), show(steady[1]), show(steady[0]),
          module ? `${show(steady[0] / steady[1])}x` : "-",
          show(cold[1]), show(cold[0]), module ? statSync(module).size : "-"];
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ort: { type: "string", default: "build/peers/node_modules/onnxruntime-web" },
    rounds: { type: "string", default: "5" },
    "round-ms": { type: "string", default: "300" },
    cold: { type: "boolean", default: false },  // for the child processes: print one cold start
  },
});
if (positionals.length === 0) {
  console.error("usage: bench_peers.mjs [--ort DIR] [--rounds N] [--round-ms MS] MODEL[=MODULE] ...");
  process.exit(2);
}
const pairs = positionals.map((word) => word.split("="));
if (values.cold) {
  console.log(await coldStart(...pairs[0], values.ort));
} else {
  const row = (cells) => console.log(`| ${cells.join(" | ")} |`);
  row(["model", "eaic ms", "ONNX Runtime Web ms", "ratio", "eaic cold start ms",
       "ONNX Runtime Web cold start ms", "module bytes"]);
  row(["---", ...Array(6).fill("---:")]);
  const options = { ort: values.ort, rounds: +values.rounds, milliseconds: +values["round-ms"] };
  for (const [model, module] of pairs) row(await benchmark(model, module, options));
}

#!/usr/bin/env node
// Runs a compiled module in Node.
//
//   node run_module.mjs MODULE.wasm --input a.bin [--input b.bin] --output out.bin [--output ...]
//
// One --input per model input and one --output per model output, in the order of the module's metadata;
// files are raw little-endian tensors. An input file may hold several inputs one after the other: `infer`
// then runs once for each, and the output files hold as many outputs.

import { readFileSync, realpathSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Model } from "../runtime-lite/js/eaic.mjs";

/** Instantiates a module; returns its metadata and run(inputs: Uint8Array[]) -> outputs: Uint8Array[]. */
export function loadModule(bytes) {
  const model = new Model(new WebAssembly.Module(bytes));
  const run = (inputs) => {
    const outputs = model.run(inputs);
    return model.outputs.map(({ name }) => new Uint8Array(outputs[name].buffer));
  };
  return { meta: model.metadata, run };
}

/** Runs the module once for each input found in the input buffers; returns one buffer per output. */
function runBatch({ meta, run }, buffers) {
  const counts = meta.inputs.map(({ name, bytes }, i) => {
    const { length } = buffers[i];
    if (length === 0 || length % bytes !== 0) {
      throw new Error(`input '${name}': file has ${length} bytes, expected a multiple of ${bytes}`);
    }
    return length / bytes;
  });
  if (new Set(counts).size > 1) throw new Error(`input files hold ${counts.join(", ")} inputs each`);
  const results = [];
  for (let n = 0; n < (counts[0] ?? 1); n++) {
    results.push(run(meta.inputs.map(({ bytes }, i) => buffers[i].subarray(n * bytes, (n + 1) * bytes))));
  }
  return meta.outputs.map((_, i) => Buffer.concat(results.map((outputs) => outputs[i])));
}

function main() {
  const usage = "usage: run_module.mjs MODULE.wasm --input FILE ... --output FILE ...";
  let args;
  try {
    const file = { type: "string", multiple: true, default: [] };
    args = parseArgs({ options: { input: file, output: file }, allowPositionals: true });
    if (args.positionals.length !== 1) throw new Error("expected one module");
  } catch (error) {
    console.error(`${error.message}\n${usage}`);
    return 2;
  }
  const [path] = args.positionals;
  const { input, output } = args.values;
  try {
    const module = loadModule(readFileSync(path));
    for (const [kind, files] of [["inputs", input], ["outputs", output]]) {
      const { length } = module.meta[kind];
      if (files.length !== length) throw new Error(`${files.length} files given for ${length} ${kind}`);
    }
    const results = runBatch(module, input.map((name) => readFileSync(name)));
    results.forEach((bytes, i) => writeFileSync(output[i], bytes));
  } catch (error) {
    console.error(`${path}: ${error.message}`);
    return 1;
  }
  return 0;
}

if (realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) process.exitCode = main();

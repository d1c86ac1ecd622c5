#!/usr/bin/env node
// Runs many modules in one process, for scripts that check hundreds of small models.
//
//   node run_modules.mjs JOBS.json
//
// JOBS.json: [{"module": "a.wasm", "inputs": ["a0.bin", ...], "output": "a.out"}, ...]. The outputs of a module go
// into one file, one after the other, raw little-endian. Prints a JSON list: for each job null, or what went wrong.

import { readFileSync, writeFileSync } from "node:fs";
import { loadModule } from "./run_module.mjs";

const jobs = JSON.parse(readFileSync(process.argv[2]));
console.log(JSON.stringify(jobs.map(({ module, inputs, output }) => {
  try {
    const { run } = loadModule(readFileSync(module));
    const buffers = inputs.map((name) => readFileSync(name));
    run(buffers); // twice: a module may be run any number of times
    writeFileSync(output, Buffer.concat(run(buffers)));
    return null;
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
})));

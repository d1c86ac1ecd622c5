// For hosts that read files (Node, Deno, Bun): run_files.mjs CASES
import { readFileSync } from "fs";
import process from "process";
import { runCases } from "./run_cases.mjs";

const folder = process.argv[2];
const bytes = (name, file) => new Uint8Array(readFileSync(`${folder}/${name}/${file}`));
const names = JSON.parse(readFileSync(`${folder}/cases.json`, "utf8")).map(({ name }) => name);
runCases(names, (name, level) => ({
  module: bytes(name, `${level}.wasm`),
  input: bytes(name, "input.bin"),
  expected: bytes(name, "expected.bin"),
})).then(console.log);

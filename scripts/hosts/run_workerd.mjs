// For workerd, where modules are imported and bytes cannot be compiled: run_workerd.mjs WORKERD CASES
import { spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { LEVELS } from "./run_cases.mjs";

const [workerd, cases] = process.argv.slice(2).map((path) => resolve(path));
const folder = mkdtempSync(join(tmpdir(), "eaic-workerd-"));
const file = (path) => fileURLToPath(new URL(path, import.meta.url));
const names = JSON.parse(readFileSync(join(cases, "cases.json"))).map(({ name }) => name);
const id = (name, level) => `m_${name}_${level}`.replace(/\W/g, "_");

// A module of opcodes that the host refuses would stop the whole worker: relaxed SIMD is on in every current
// workerd.
const modules = names.flatMap((name) =>
  LEVELS.map((level) => [id(name, level), join(cases, name, `${level}.wasm`)]),
);
const data = names.flatMap((name) =>
  ["input", "expected"].map((what) => [`${id(name, what)}.bin`, join(cases, name, `${what}.bin`)]),
);
writeFileSync(
  join(folder, "worker.mjs"),
  `
${modules.map(([name]) => `import ${name} from "${name}.wasm";`).join("\n")}
${data.map(([name]) => `import ${name.slice(0, -4)} from "${name}";`).join("\n")}
import { runCases } from "scripts/hosts/run_cases.mjs";
const modules = { ${modules.map(([name]) => name).join(", ")} };
const data = { ${data.map(([name]) => name.slice(0, -4)).join(", ")} };
const id = ${id};
export default {
  async fetch() {
    const text = await runCases(${JSON.stringify(names)}, (name, level) => ({
      module: modules[id(name, level)],
      input: new Uint8Array(data[id(name, "input")]),
      expected: new Uint8Array(data[id(name, "expected")]),
    }));
    return new Response(text);
  },
};
`,
);
let copies = 0; // paths in a config are relative to it
const embed = ([name, path], kind) => {
  copyFileSync(path, join(folder, `file${copies}`));
  return `(name = "${name}", ${kind} = embed "file${copies++}")`;
};
writeFileSync(
  join(folder, "config.capnp"),
  `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);
const worker :Workerd.Worker = (
  compatibilityDate = "2024-09-01",
  modules = [
    ${[
      embed(["worker.mjs", join(folder, "worker.mjs")], "esModule"),
      embed(["scripts/hosts/run_cases.mjs", file("run_cases.mjs")], "esModule"),
      embed(["runtime-lite/js/eaic.mjs", file("../../runtime-lite/js/eaic.mjs")], "esModule"),
      ...modules.map(([name, path]) => embed([`${name}.wasm`, path], "wasm")),
      ...data.map((entry) => embed(entry, "data")),
    ].join(",\n    ")}
  ]
);
`,
);

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((ready) => server.once("listening", ready));
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}

const port = await freePort();
const child = spawn(
  workerd,
  ["serve", join(folder, "config.capnp"), `--socket-addr=http=127.0.0.1:${port}`],
  { stdio: ["ignore", "inherit", "inherit"] },
);
const ended = new Promise((resolve) => child.once("exit", resolve));
try {
  for (let attempt = 0; ; attempt++) {
    try {
      console.log(await (await fetch(`http://127.0.0.1:${port}/`)).text());
      break;
    } catch (error) {
      if (attempt === 100 || child.exitCode !== null) throw error;
      await new Promise((again) => {
        setTimeout(again, 100);
      });
    }
  }
} finally {
  child.kill();
  await ended;
  rmSync(folder, { recursive: true });
}

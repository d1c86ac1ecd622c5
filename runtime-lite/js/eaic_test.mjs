#!/usr/bin/env node
// Tests of eaic.mjs: node eaic_test.mjs EAIC. Ends with a line "N passed, N failed".

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import vm from "node:vm";
import { Worker } from "node:worker_threads";
import { gzipSync } from "node:zlib";
import { compile, dequantize, load, metadata, Model, quantize, supports } from "./eaic.mjs";

const EAIC = process.argv[2];
const TESTDATA = fileURLToPath(new URL("../../testdata/", import.meta.url));
const LIBRARY = fileURLToPath(new URL("eaic.mjs", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "eaic-js-"));

function compileModel(model, name, ...options) {
  const path = join(folder, name);
  execFileSync(EAIC, ["compile", model, "-o", path, ...options]);
  return path;
}

const two = join(folder, "two.onnx");
execFileSync("python3", [join(TESTDATA, "cli/make_onnx.py"), two, "two-by-two"]);
const PAIR = compileModel(two, "pair.wasm"); // v = -u, y = relu(x); float32[1,3]; u and v first
const COMMAND = compileModel(two, "command.wasm", "--abi", "wasi");
const DIGITS = compileModel(join(TESTDATA, "models/digits_qdq.onnx"), "digits.wasm");
const RELAXED = compileModel(
  join(TESTDATA, "models/digits_qdq.onnx"),
  "relaxed.wasm",
  "--features",
  "relaxed",
);
const bytes = readFileSync(PAIR);
const integrity = (data) => `sha384-${createHash("sha384").update(data).digest("base64")}`;

/** A module of one import or custom section, for what is no module of ours. */
const withCustom = (name, text) => {
  const body = [name.length, ...Buffer.from(name), ...Buffer.from(text)];
  return new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 0, body.length, ...body]));
};

async function serve(routes, body) {
  const server = createServer((request, response) => {
    const [status, type, data] = routes[request.url] ?? [404, "text/plain", "none"];
    response.writeHead(status, { "content-type": type }).end(data);
  }).listen(0, "127.0.0.1");
  await new Promise((ready) => server.once("listening", ready));
  try {
    return await body(`http://127.0.0.1:${server.address().port}`);
  } finally {
    server.close();
  }
}

const tests = {
  "values by name, in order, alone, as bytes and as numbers"() {
    const model = new Model(new WebAssembly.Module(bytes));
    const u = new Float32Array([1, -2, 3]),
      x = new Float32Array([-4, 5, -6]);
    const expected = { v: new Float32Array([-1, 2, -3]), y: new Float32Array([0, 5, 0]) };
    assert.deepEqual(model.run({ x, u }), expected);
    assert.deepEqual(model.run([u, x]), expected);
    assert.deepEqual(model.run([new Uint8Array(u.buffer), x.buffer]), expected);
    assert.deepEqual(model.run([Buffer.from(u.buffer), [-4, 5, -6]]), expected);
    assert.deepEqual(model.run(), expected); // inputs are left as they were
    model.input("u").set([7, 8, 9]);
    model.input(1).fill(2);
    model.infer();
    assert.deepEqual([...model.output("v")], [-7, -8, -9]);
    assert.deepEqual([...model.output(1)], [2, 2, 2]);
  },
  "outputs are copies, and instances share nothing"() {
    const module = new WebAssembly.Module(bytes),
      a = new Model(module),
      b = new Model(module);
    const first = a.run([
      [1, 1, 1],
      [1, 1, 1],
    ]);
    a.run([
      [2, 2, 2],
      [2, 2, 2],
    ]);
    assert.deepEqual([...first.v], [-1, -1, -1]);
    assert.deepEqual([...b.input("u")], [0, 0, 0]);
  },
  "wrong inputs"() {
    const model = new Model(new WebAssembly.Module(bytes)),
      x = new Float32Array(3);
    const fails = (inputs, message) => assert.throws(() => model.run(inputs), message);
    fails({ x }, /input 'u' is not given/);
    fails([x], /input 'x' is not given/);
    fails({ x, u: x, w: x }, /no input 'w'; there are: u, x/);
    fails([x, x, x], /no input '2'/);
    fails({ x, u: new Float32Array(4) }, /input 'u' has 4 elements, expected 3 \(float32\[1,3\]\)/);
    fails({ x, u: new Uint8Array(3) }, /input 'u' has 3 bytes, expected 12/);
    fails({ x, u: new Int32Array(3) }, /input 'u' is float32: expected Float32Array/);
    fails({ x, u: "123" }, TypeError);
    fails({ x, u: null }, TypeError);
    assert.throws(() => model.input("y"), /no input 'y'/);
    assert.throws(() => model.output(2), /no output '2'/);
  },
  "quantized tensors"() {
    const uint8 = { dtype: "uint8", quantization: { scale: 0.5, zero_point: 10 } };
    assert.deepEqual(
      quantize(uint8, [0, 0.25, 0.75, -0.25, -100, 1000, NaN, Infinity]),
      new Uint8Array([10, 10, 12, 10, 0, 255, 0, 255]),
    );
    const int8 = { dtype: "int8", quantization: { scale: 2, zero_point: -3 } };
    assert.deepEqual(
      quantize(int8, new Float32Array([1, 3, -1, -3, 1e9, -1e9])),
      new Int8Array([-3, -1, -3, -5, 127, -128]),
    );
    assert.deepEqual(dequantize(int8, new Int8Array([-3, 0, -128])), new Float32Array([0, 6, -250]));
  },
  async "every kind of source"() {
    const url = pathToFileURL(PAIR);
    const sources = [
      bytes,
      bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
      new WebAssembly.Module(bytes),
      url,
      url.href,
      PAIR,
      relative(process.cwd(), PAIR),
      Promise.resolve(bytes),
      new Response(bytes, { headers: { "content-type": "application/wasm" } }),
      new Response(bytes),
    ];
    for (const source of sources)
      assert.deepEqual(
        [
          ...(await load(source)).run([
            [1, 2, 3],
            [4, 5, 6],
          ]).y,
        ],
        [4, 5, 6],
      );
  },
  async "over HTTP: streaming, another type, a failure"() {
    const routes = {
      "/m.wasm": [200, "application/wasm", bytes],
      "/m.bin": [200, "application/octet-stream", bytes],
    };
    await serve(routes, async (base) => {
      const { compileStreaming } = WebAssembly;
      let streamed = 0;
      WebAssembly.compileStreaming = (response) => (streamed++, compileStreaming(response));
      await load(`${base}/m.wasm`);
      await load(new Request(`${base}/m.wasm`));
      await load(fetch(`${base}/m.wasm`));
      assert.equal(streamed, 3);
      await load(`${base}/m.bin`);
      await load(`${base}/m.wasm`, { integrity: integrity(bytes) });
      assert.equal(streamed, 3);
      WebAssembly.compileStreaming = compileStreaming;
      await assert.rejects(load(`${base}/none.wasm`), /none\.wasm: 404 Not Found/);
      await assert.rejects(
        load(`${base}/m.wasm`, { integrity: integrity("other") }),
        /integrity: the module is sha384-/,
      );
    });
  },
  async integrity() {
    await load(bytes, { integrity: integrity(bytes) });
    await load(PAIR, { integrity: `sha256-${createHash("sha256").update(bytes).digest("base64")}` });
    await assert.rejects(load(bytes, { integrity: integrity("other") }), /expected sha384-/);
    await assert.rejects(load(bytes, { integrity: "md5-abc=" }), /'md5-abc=' is not like/);
    await assert.rejects(
      load(new WebAssembly.Module(bytes), { integrity: integrity(bytes) }),
      /compiled module cannot be checked/,
    );
  },
  async "the best feature level that the host supports"() {
    assert.equal(supports("scalar") && supports("simd128"), true);
    assert.equal(supports("avx512"), false);
    const expected = supports("relaxed") ? "relaxed" : "simd128";
    const levels = { simd128: DIGITS, relaxed: RELAXED };
    const hashes = { simd128: integrity(readFileSync(DIGITS)), relaxed: integrity(readFileSync(RELAXED)) };
    assert.equal((await load(levels, { integrity: hashes })).metadata.features, expected);
    const { validate } = WebAssembly;
    try {
      WebAssembly.validate = (probe) => !probe.includes(147) && validate(probe); // a host without relaxed SIMD
      assert.equal((await load(levels)).metadata.features, "simd128");
      await assert.rejects(load({ relaxed: RELAXED }), /this host supports none of: relaxed/);
    } finally {
      WebAssembly.validate = validate;
    }
  },
  async "the modules of the example answer as the runner does"() {
    const input = Buffer.from(Float32Array.from({ length: 64 }, (_, i) => (i * i) % 17).buffer);
    execFileSync(EAIC, ["run", DIGITS, "-", "-o", join(folder, "out.bin")], { input });
    const expected = readFileSync(join(folder, "out.bin"));
    for (const path of supports("relaxed") ? [DIGITS, RELAXED] : [DIGITS]) {
      const { probabilities } = (await load(path)).run(input);
      assert.deepEqual(Buffer.from(probabilities.buffer), expected);
    }
  },
  async "a WASI command is a module too"() {
    const model = await load(COMMAND);
    assert.equal(model.metadata.wasi, true);
    assert.deepEqual(
      [
        ...model.run([
          [1, 2, 3],
          [4, 5, 6],
        ]).v,
      ],
      [-1, -2, -3],
    );
  },
  async "what is no module of ours"() {
    const empty = new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
    assert.throws(() => metadata(empty), /not a module made by eaic/);
    assert.throws(
      () => metadata(withCustom("eaic", '{"abi":2}')),
      /the module has ABI 2, this eaic\.mjs reads ABI 1/,
    );
    assert.throws(() => metadata(withCustom("eaic", "{")), SyntaxError);
    await assert.rejects(load(new Uint8Array([1, 2, 3])), WebAssembly.CompileError);
    await assert.rejects(compile(join(folder, "none.wasm")), /ENOENT/);
  },
  async "a module posted to a worker"() {
    const code = `import { parentPort } from "node:worker_threads";
      import { Model } from ${JSON.stringify(pathToFileURL(LIBRARY).href)};
      parentPort.once("message", (module) => parentPort.postMessage(new Model(module).run([[1, 2, 3], [4, 5, 6]]).v));`;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
    worker.postMessage(new WebAssembly.Module(bytes));
    const v = await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
    await worker.terminate();
    assert.deepEqual([...v], [-1, -2, -3]);
  },
  "globals that only some hosts have (AudioWorklets have neither fetch nor TextDecoder)"() {
    const code = readFileSync(LIBRARY, "utf8").replace(
      /^export (async function|function|class|const)/gm,
      "$1",
    );
    const worklet = vm.createContext({ module: new WebAssembly.Module(bytes) });
    assert.equal(
      vm.runInContext("typeof TextDecoder + typeof fetch + typeof crypto", worklet),
      "undefined".repeat(3),
    );
    const v = vm.runInContext(
      `${code}; WebAssembly.Module = module.constructor;
      Array.from(new Model(module).run([[1, 2, 3], [4, 5, 6]]).v)`,
      worklet,
    );
    assert.deepEqual([...v], [-1, -2, -3]);
    assert.equal(
      vm.runInContext("utf8(new Uint8Array([99, 195, 169, 226, 130, 172, 10]).buffer)", worklet),
      "cé€\n",
    );
  },
  "a few kilobytes"() {
    const text = readFileSync(LIBRARY);
    assert.ok(
      text.length <= 10000 && gzipSync(text).length <= 4000,
      `${text.length} bytes, ${gzipSync(text).length} compressed`,
    );
  },
  "the package names what is there"() {
    const manifest = JSON.parse(readFileSync(new URL("package.json", import.meta.url)));
    for (const file of manifest.files) readFileSync(new URL(file, import.meta.url));
    const types = readFileSync(new URL("eaic.d.ts", import.meta.url), "utf8");
    const names = (text) =>
      [...text.matchAll(/^export (?:declare )?(?:async )?(?:function|class|const) (\w+)/gm)]
        .map((m) => m[1])
        .sort();
    assert.deepEqual(names(types), names(readFileSync(LIBRARY, "utf8")));
    assert.match(
      execFileSync(EAIC, ["--version"], { encoding: "utf8" }),
      new RegExp(`^eaic ${manifest.version}$`, "m"),
    );
  },
};

let failed = 0;
for (const [name, test] of Object.entries(tests)) {
  try {
    await test();
  } catch (error) {
    failed++;
    console.log(`FAILED: ${name}: ${error.stack}`);
  }
}
rmSync(folder, { recursive: true });
console.log(`${Object.keys(tests).length - failed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;

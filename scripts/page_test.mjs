#!/usr/bin/env node
// Tests the page of `eaic compile --js` in Chromium, opened as a file, and eaic.mjs in what pages start:
//
//   node page_test.mjs EAIC CHROMIUM PLAYWRIGHT [FOLDER]
//
// PLAYWRIGHT is the folder of npm's playwright-core. Screenshots go into FOLDER. Ends with "N passed, N
// failed".

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const [eaic, executablePath, playwright, folder = mkdtempSync(join(tmpdir(), "eaic-page-"))] =
  process.argv.slice(2);
const { chromium } = createRequire(import.meta.url)(resolve(playwright));
const testdata = fileURLToPath(new URL("../testdata/", import.meta.url));
mkdirSync(folder, { recursive: true });

const path = (name) => join(folder, name);
const compile = (model, name) => execFileSync(eaic, ["compile", model, "-o", path(name), "--js"]);
const graph = (name, text) => {
  writeFileSync(path(name), `graph "${name}"\n${text}`);
  return path(name);
};

/** A second of 440 Hz, half of full scale, at 48 kHz: what the microphone hears. */
function tone() {
  const samples = Int16Array.from(
    { length: 48000 },
    (_, i) => 16384 * Math.sin((2 * Math.PI * 440 * i) / 48000),
  );
  const header = Buffer.from("RIFF....WAVEfmt ....................data....");
  [
    [4, 36 + samples.byteLength],
    [16, 16],
    [24, 48000],
    [28, 96000],
    [40, samples.byteLength],
  ].forEach(([at, x]) => header.writeUInt32LE(x, at));
  [
    [20, 1],
    [22, 1],
    [32, 2],
    [34, 16],
  ].forEach(([at, x]) => header.writeUInt16LE(x, at));
  return Buffer.concat([header, Buffer.from(samples.buffer)]);
}
writeFileSync(path("tone.wav"), tone());

const browser = await chromium.launch({
  executablePath,
  args: [
    "--no-sandbox",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    `--use-file-for-fake-audio-capture=${path("tone.wav")}`,
  ],
});

/** Opens a page; `body` gets it and afterwards nothing may have gone wrong in it. */
async function open(name, body) {
  const page = await browser.newPage({ viewport: { width: 1000, height: 700 } });
  const problems = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
  });
  page.on("request", (request) => {
    if (/^https?:/.test(request.url())) problems.push(`asks for ${request.url()}`);
  });
  await page.goto(pathToFileURL(path(`${name}.html`)).href);
  await page.waitForSelector("#inputs .tensor");
  await body(page);
  await page.screenshot({ path: path(`${name}.png`) });
  assert.equal(await page.textContent("#problem"), "");
  assert.deepEqual(problems, []);
  await page.close();
}

const rows = (page) => page.$$eval("#answer .row", (all) => all.map((row) => row.textContent));
const settled = (page) =>
  page.waitForFunction(() => /ms$/.test(document.getElementById("latency").textContent));

const tests = {
  async "a picture and a drawing"() {
    compile(join(testdata, "models/digits_qdq.onnx"), "digits.wasm");
    await open("digits", async (page) => {
      for (const digit of [0, 3, 7]) {
        const picture = join(testdata, `images/digit_${digit}.png`);
        await page.setInputFiles("#inputs input[type=file]", picture);
        await page.waitForFunction(
          (want) => document.querySelector("#answer .row span")?.textContent === want,
          String(digit),
        );
        const [, best] = execFileSync(eaic, ["run", path("digits.wasm"), picture, "--top", "1"], {
          encoding: "utf8",
        })
          .trim()
          .split("\n");
        const [label, value] = best.trim().split(/\s+/);
        const [first] = await rows(page);
        assert.equal(first.slice(0, 1), label);
        assert.ok(Math.abs(Number(first.slice(1)) - Number(value)) <= 1e-4, `${first} and ${best}`);
      }
      await page.click("text=Clear");
      const { x, y } = await page.locator("canvas.draw").boundingBox(); // a one
      await page.mouse.move(x + 140, y + 25);
      await page.mouse.down();
      await page.mouse.move(x + 140, y + 255, { steps: 20 });
      await page.mouse.up();
      await page.waitForFunction(() => document.querySelector("#answer .row span").textContent === "1");
      await page.setInputFiles("#labels", {
        name: "l.txt",
        mimeType: "text/plain",
        buffer: Buffer.from("zero\none\ntwo\n"),
      });
      await page.waitForFunction(() => document.querySelector("#answer .row span").textContent === "one");
    });
  },
  async "a recorded sound"() {
    compile(
      graph(
        "sound.eir",
        'input %x: f32[1,8000]\n%y: f32[1,8000] = clip(%x) {alpha=0, beta=inf}\noutput "y" %y\n',
      ),
      "sound.wasm",
    );
    await open("sound", async (page) => {
      await page.click("text=Record 0.5 s");
      await settled(page);
      const [first] = await rows(page);
      const peak = Number(/0\.\d+$/.exec(first)); // behind the sample's number
      assert.ok(peak > 0.3 && peak < 0.7, first);
    });
  },
  async "numbers, several inputs, and a picture as the answer"() {
    compile(
      graph(
        "numbers.eir",
        "input %a: f32[1,4]\ninput %b: s64[2]\ninput %p: u8[1,16,16,3]\n%y: f32[1,4] = clip(%a) {alpha=0, beta=inf}\n" +
          '%z: s64[2] = add(%b, %b)\n%q: f32[1,16,16,3] = cast(%p)\noutput "y" %y\noutput "z" %z\noutput "q" %q\n',
      ),
      "numbers.wasm",
    );
    await open("numbers", async (page) => {
      const texts = page.locator("textarea");
      await texts.nth(0).fill("-1 2.5, 3 4");
      await texts.nth(1).fill("7 -5");
      await texts.nth(1).blur();
      await page.setInputFiles("#inputs input[accept='image/*']", join(testdata, "images/digit_7.png"));
      await settled(page);
      assert.deepEqual(await rows(page), ["34", "23", "12.5", "00", "014", "1-10"]);
      assert.equal(await page.locator("#answer canvas").count(), 1);
    });
  },
};

// eaic.mjs where pages cannot say it in HTML. Each gets a compiled module by message and answers with an output.
const WORKERS = {
  "/worker.mjs": `import { Model } from "/eaic.mjs";
    onmessage = ({ data }) => postMessage([...new Model(data).run([[1, -2]]).y]);`,
  "/service.mjs": `import { load } from "/eaic.mjs";
    oninstall = () => skipWaiting();
    onmessage = ({ source }) => load("/m.wasm").then((model) => source.postMessage([...model.run([[1, -2]]).y]));`,
  "/worklet.mjs": `import { Model } from "/eaic.mjs";
    registerProcessor("model", class extends AudioWorkletProcessor {
      constructor() {
        super();
        this.port.onmessage = ({ data }) => { this.port.postMessage([...new Model(data).run([[1, -2]]).y]); };
      }
      process() { return true; }
    });`,
  "/": `<!doctype html><script type="module">
    import { compile } from "/eaic.mjs";
    const module = await compile("/m.wasm");
    const answer = (port) => new Promise((resolve, reject) => Object.assign(port,
      { onmessage: ({ data }) => resolve(data), onmessageerror: () => reject(new Error("no module can be posted")) }));
    window.inWorker = async () => {
      const worker = new Worker("/worker.mjs", { type: "module" });
      worker.postMessage(module);
      return answer(worker);
    };
    window.inServiceWorker = async () => {
      await navigator.serviceWorker.register("/service.mjs", { type: "module" });
      const { active } = await navigator.serviceWorker.ready;
      active.postMessage("go");
      const result = answer(navigator.serviceWorker);
      navigator.serviceWorker.startMessages();
      return result;
    };
    window.inWorklet = async () => {
      const context = new AudioContext();
      await context.audioWorklet.addModule("/worklet.mjs");
      const { port } = new AudioWorkletNode(context, "model");
      port.postMessage(module);
      return answer(port);
    };
    window.ready = true;
  </script>`,
};

tests["the library in a worker, a service worker and an AudioWorklet"] = async () => {
  const text = "input %x: f32[1,2]\n%y: f32[1,2] = clip(%x) {alpha=0, beta=inf}\noutput \"y\" %y\n";
  compile(graph("m.eir", text), "m.wasm");
  const files = {
    ...WORKERS,
    "/m.wasm": readFileSync(path("m.wasm")),
    "/eaic.mjs": readFileSync(new URL("../runtime-lite/js/eaic.mjs", import.meta.url)),
  };
  const types = { mjs: "text/javascript", wasm: "application/wasm" };
  const server = createServer(({ url }, response) => {
    response.writeHead(url in files ? 200 : 404, { "content-type": types[url.split(".")[1]] ?? "text/html" });
    response.end(files[url]);
  }).listen(0, "127.0.0.1");
  await new Promise((ready) => server.once("listening", ready));
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    await page.waitForFunction("window.ready");
    for (const name of ["inWorker", "inServiceWorker", "inWorklet"]) {
      const limit = `new Promise((_, late) => setTimeout(() => late(new Error("${name}: no answer")), 10000))`;
      assert.deepEqual(await page.evaluate(`Promise.race([window.${name}(), ${limit}])`), [1, 0], name);
    }
    await page.close();
  } finally {
    server.close();
    server.closeAllConnections();
  }
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
await browser.close();
console.log(`${Object.keys(tests).length - failed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;

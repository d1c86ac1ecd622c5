#!/usr/bin/env node
// Tests the page of `eaic compile --js` in Chromium, opened as a file:
//
//   node page_test.mjs EAIC CHROMIUM PLAYWRIGHT [FOLDER]
//
// PLAYWRIGHT is the folder of npm's playwright-core. Screenshots go into FOLDER. Ends with "N passed, N failed".

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
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

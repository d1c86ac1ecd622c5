// For browsers: browsers.mjs chromium|firefox|webkit CASES PROGRAM [PLAYWRIGHT]
//
// Serves the cases and a page to one browser: Chromium through playwright-core (in the folder PLAYWRIGHT),
// Firefox through WebDriver BiDi, WebKitGTK's MiniBrowser through WebKitWebDriver (a display is needed:
// xvfb-run). Node 22 or newer.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const [kind, cases, program, playwright] = process.argv.slice(2);
const root = fileURLToPath(new URL("../../", import.meta.url));
const TIMEOUT = 300e3;

const PAGE = `<!doctype html><meta charset="utf-8"><title>eaic</title><script type="module">
  import { runCases } from "/scripts/hosts/run_cases.mjs";
  const bytes = async (url) => new Uint8Array(await (await fetch(url)).arrayBuffer());
  const names = (await (await fetch("/cases/cases.json")).json()).map(({ name }) => name);
  runCases(names, async (name, level) => ({ module: "/cases/" + name + "/" + level + ".wasm",
    input: await bytes("/cases/" + name + "/input.bin"),
    expected: await bytes("/cases/" + name + "/expected.bin") }))
    .catch(String).then((text) => { window.result = text; });
</script>`;
const TYPES = {
  wasm: "application/wasm",
  mjs: "text/javascript",
  json: "application/json",
  bin: "application/octet-stream",
};

const server = createServer(({ url }, response) => {
  try {
    const path = url.startsWith("/cases/") ? join(cases, url.slice("/cases/".length)) : join(root, url);
    const body = url === "/" ? PAGE : readFileSync(path);
    response.writeHead(200, { "content-type": TYPES[url.split(".").pop()] ?? "text/html" }).end(body);
  } catch {
    response.writeHead(404).end();
  }
}).listen(0, "127.0.0.1");
await new Promise((ready) => server.once("listening", ready));
const url = `http://127.0.0.1:${server.address().port}/`;

const RESULT =
  "new Promise((done) => { const look = () => window.result ? done(window.result) : setTimeout(look, 50); look(); })";
const later = (ms) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

async function inChromium() {
  const { chromium } = createRequire(import.meta.url)(resolve(playwright));
  const browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage();
    await page.goto(url);
    await page.waitForFunction("window.result", null, { timeout: TIMEOUT });
    return [browser.version(), await page.evaluate("window.result")];
  } finally {
    await browser.close();
  }
}

async function inFirefox() {
  const profile = mkdtempSync(join(tmpdir(), "eaic-firefox-"));
  const child = spawn(
    program,
    ["--headless", "--no-remote", "--remote-debugging-port=0", "--profile", profile, "about:blank"],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  const ended = new Promise((end) => child.once("exit", end));
  let socket;
  try {
    const address = await new Promise((found, failed) => {
      let text = "";
      child.stderr.on("data", (data) => {
        text += data;
        const line = /WebDriver BiDi listening on (ws:\S+)/.exec(text);
        if (line) found(line[1]);
      });
      child.once("exit", (code) => failed(new Error(`Firefox ended with ${code}: ${text}`)));
    });
    socket = new WebSocket(`${address}/session`);
    await new Promise((opened, failed) => Object.assign(socket, { onopen: opened, onerror: failed }));
    const waiting = new Map();
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data),
        waiter = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.type === "error") waiter?.reject(new Error(message.message));
      else waiter?.resolve(message.result);
    };
    let id = 0;
    const command = (method, params) =>
      new Promise((done, failed) => {
        waiting.set(++id, { resolve: done, reject: failed });
        socket.send(JSON.stringify({ id, method, params }));
      });
    const { capabilities } = await command("session.new", { capabilities: {} });
    const {
      contexts: [{ context }],
    } = await command("browsingContext.getTree", {});
    await command("browsingContext.navigate", { context, url, wait: "complete" });
    const answer = await command("script.evaluate", {
      expression: RESULT,
      awaitPromise: true,
      target: { context },
    });
    return [capabilities.browserVersion, answer.result?.value ?? JSON.stringify(answer)];
  } finally {
    socket?.close();
    child.kill();
    await ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function inWebKit() {
  const port = 20000 + (process.pid % 20000);
  const child = spawn("WebKitWebDriver", [`--port=${port}`], { stdio: ["ignore", "ignore", "inherit"] });
  const ended = new Promise((end) => child.once("exit", end));
  const request = async (method, path, body) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      body: body && JSON.stringify(body),
      headers: { "content-type": "application/json" },
    });
    const { value } = await response.json();
    if (!response.ok) throw new Error(`${value?.error}: ${value?.message}`);
    return value;
  };
  try {
    for (let attempt = 0; attempt < 50 && !(await request("GET", "/status").catch(() => null)); attempt++)
      await later(100);
    const options = { binary: program, args: ["--automation"] };
    const { sessionId, capabilities } = await request("POST", "/session", {
      capabilities: { alwaysMatch: { "webkitgtk:browserOptions": options } },
    });
    await request("POST", `/session/${sessionId}/url`, { url });
    let result = null;
    for (const start = Date.now(); !result && Date.now() - start < TIMEOUT; await later(100)) {
      result = await request("POST", `/session/${sessionId}/execute/sync`, {
        script: "return window.result || null",
        args: [],
      });
    }
    await request("DELETE", `/session/${sessionId}`);
    return [capabilities.browserVersion, result ?? "! no result in time"];
  } finally {
    child.kill();
    await ended;
  }
}

const drivers = { chromium: inChromium, firefox: inFirefox, webkit: inWebKit };
const watchdog = setTimeout(() => {
  console.log("! no result in time");
  process.exit(1);
}, TIMEOUT);
try {
  const [version, lines] = await drivers[kind]();
  console.log(`version ${version}\n${lines}`);
} finally {
  clearTimeout(watchdog);
  server.close();
  server.closeAllConnections();
}

// Runs WebAssembly modules compiled by eaic, in pages, workers, AudioWorklets, Cloudflare Workers, Deno, Bun
// and Node. No dependencies; ES2020. The types are in eaic.d.ts, the contract with modules in eaic-module(5).

const ABI = 1;

// Element types without an array type in JavaScript (4-bit and 8-bit floats, packed 4-bit integers) are
// bytes.
const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
};
const arrayOf = (tensor) => ARRAYS[tensor.dtype] || Uint8Array;

// Modules of one function that needs the feature: i8x16.splat, and i32x4.relaxed_dot_i8x16_i7x16_add_s of
// such.
const HEAD = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10];
const wasm = (...code) => new Uint8Array([...HEAD, code.length + 4, 1, code.length + 2, 0, ...code, 11]);
const VECTOR = [65, 0, 253, 15];
const PROBES = {
  relaxed: wasm(...VECTOR, ...VECTOR, ...VECTOR, 253, 147, 2, 26),
  simd128: wasm(...VECTOR, 26),
  scalar: wasm(1),
};

/** Whether this host takes modules compiled for "scalar", "simd128" or "relaxed". */
export const supports = (features) => features in PROBES && WebAssembly.validate(PROBES[features]);

const isBytes = (x) => x instanceof ArrayBuffer || ArrayBuffer.isView(x);
const bytesOf = (x) =>
  x instanceof ArrayBuffer ? new Uint8Array(x) : new Uint8Array(x.buffer, x.byteOffset, x.byteLength);

// Node's fetch knows no files. The name is kept from bundlers, which would look for the package.
async function fetchSource(source) {
  const { process } = globalThis;
  const url = String(source.url || source);
  if (
    process &&
    process.versions &&
    process.versions.node &&
    (!/^[a-z][a-z0-9+.-]+:/i.test(url) || /^file:/i.test(url))
  ) {
    const name = "node:fs";
    return (await import(name)).promises.readFile(/^file:/i.test(url) ? new URL(url) : url);
  }
  return fetch(source);
}

async function checkIntegrity(bytes, integrity) {
  const [, bits, expected] = /^sha(256|384|512)-([A-Za-z0-9+/]+=*)$/.exec(integrity) || [];
  if (!bits) throw new TypeError(`integrity '${integrity}' is not like 'sha384-BASE64'`);
  if (!globalThis.crypto || !crypto.subtle)
    throw new Error("integrity cannot be checked here: no crypto.subtle (pages need https)");
  const digest = new Uint8Array(await crypto.subtle.digest(`SHA-${bits}`, bytes));
  const found = btoa(String.fromCharCode(...digest));
  if (found !== expected)
    throw new Error(`integrity: the module is sha${bits}-${found}, expected ${integrity}`);
}

/** A WebAssembly.Module from a URL, Request, Response, bytes or module; of an object {relaxed, simd128,
 * scalar} the first that this host supports. Compiles while it loads, unless there is an integrity to
 * check. */
export async function compile(source, { integrity } = {}) {
  source = await source;
  if (source instanceof WebAssembly.Module) {
    if (integrity) throw new TypeError("integrity of a compiled module cannot be checked");
    return source;
  }
  if (source && Object.getPrototypeOf(source) === Object.prototype) {
    const level = Object.keys(PROBES).find((name) => source[name] && supports(name));
    if (!level) throw new Error(`this host supports none of: ${Object.keys(source).join(", ")}`);
    return compile(source[level], { integrity: integrity && integrity[level] });
  }
  if (!isBytes(source) && !(globalThis.Response && source instanceof Response))
    source = await fetchSource(source);
  if (!isBytes(source)) {
    if (!source.ok) throw new Error(`${source.url}: ${source.status} ${source.statusText}`);
    const type = source.headers.get("content-type") || "";
    if (!integrity && WebAssembly.compileStreaming && /^application\/wasm\b/i.test(type))
      return WebAssembly.compileStreaming(source);
    source = await source.arrayBuffer();
  }
  if (integrity) await checkIntegrity(source, integrity);
  return WebAssembly.compile(source);
}

// What a WASI command imports; only its `_start` calls it.
function unusedImports(module) {
  const imports = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    (imports[from] = imports[from] || {})[name] = () => {
      throw new Error(`${name} is for WASI hosts`);
    };
  }
  return imports;
}

/** The metadata of a module: eaic-module(5). */
export function metadata(module) {
  const sections = WebAssembly.Module.customSections(module, "eaic");
  if (sections.length !== 1) throw new Error("not a module made by eaic: it has no custom section 'eaic'");
  const meta = JSON.parse(utf8(sections[0]));
  if (meta.abi !== ABI) throw new Error(`the module has ABI ${meta.abi}, this eaic.mjs reads ABI ${ABI}`);
  return meta;
}

// AudioWorklets have no TextDecoder.
function utf8(buffer) {
  if (globalThis.TextDecoder) return new TextDecoder().decode(buffer);
  return decodeURIComponent(
    Array.from(new Uint8Array(buffer), (x) => "%" + (x + 256).toString(16).slice(1)).join(""),
  );
}

const range = (tensor) => {
  const bits = 8 * arrayOf(tensor).BYTES_PER_ELEMENT;
  return tensor.dtype[0] === "u" ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
};

function roundToEven(x) {
  const r = Math.round(x);
  return r - x === 0.5 && r % 2 !== 0 ? r - 1 : r;
}

/** Real numbers as the integers of a quantized tensor, rounded to nearest even and saturated; NaN becomes
 * the least one. */
export function quantize(tensor, reals) {
  const { scale, zero_point } = tensor.quantization,
    [least, most] = range(tensor);
  return arrayOf(tensor).from(reals, (x) => {
    const q = roundToEven(Math.fround(Math.fround(x) / Math.fround(scale))) + zero_point;
    return q > most ? most : q > least ? q : least;
  });
}

/** The real numbers that a quantized tensor's elements stand for. */
export function dequantize(tensor, elements) {
  const { scale, zero_point } = tensor.quantization;
  return Float32Array.from(elements, (q) => (Number(q) - zero_point) * scale);
}

function find(tensors, what, key) {
  const tensor = typeof key === "number" ? tensors[key] : tensors.find(({ name }) => name === key);
  if (!tensor)
    throw new RangeError(`no ${what} '${key}'; there are: ${tensors.map(({ name }) => name).join(", ")}`);
  return tensor;
}

const viewOf = ({ memory }, tensor, Type = arrayOf(tensor)) =>
  new Type(memory.buffer, tensor.offset, tensor.bytes / Type.BYTES_PER_ELEMENT);

// The value is an array of the tensor's type, numbers, or raw bytes; for a quantized tensor also a
// Float32Array of reals.
function write(model, tensor, value) {
  const own = arrayOf(tensor);
  if (tensor.quantization && value instanceof Float32Array) value = quantize(tensor, value);
  const raw = !(value instanceof own) && (value instanceof ArrayBuffer || value instanceof Uint8Array);
  if (!(raw || value instanceof own || Array.isArray(value))) {
    throw new TypeError(
      `input '${tensor.name}' is ${tensor.dtype}: expected ${own.name}, raw bytes or numbers`,
    );
  }
  if (raw) value = bytesOf(value);
  const view = viewOf(model, tensor, raw ? Uint8Array : own);
  if (value.length !== view.length) {
    const unit = raw ? "bytes" : "elements";
    throw new RangeError(
      `input '${tensor.name}' has ${value.length} ${unit}, expected ${view.length} (${tensor.dtype}[${tensor.shape}])`,
    );
  }
  view.set(Array.isArray(value) && typeof view[0] === "bigint" ? value.map(BigInt) : value);
}

/** An instance of a module, with memory of its own. */
export class Model {
  /** Without `instance`, makes one: synchronously, which pages refuse for large modules; `load` is for
   * them. */
  constructor(module, instance = new WebAssembly.Instance(module, unusedImports(module))) {
    this.module = module;
    this.metadata = metadata(module);
    this.inputs = this.metadata.inputs;
    this.outputs = this.metadata.outputs;
    this.memory = instance.exports.memory;
    /** Runs the network on what stands in memory. */
    this.infer = instance.exports.infer;
  }

  /** The input, by name or number, as a typed array over the module's memory: to fill without copies. */
  input(key) {
    return viewOf(this, find(this.inputs, "input", key));
  }

  /** The same for an output. Good until the next run. */
  output(key) {
    return viewOf(this, find(this.outputs, "output", key));
  }

  /** Runs the network once. `inputs`: an object by name, a list in order, or the only input; without it, on
   * what stands in memory. Returns copies of the outputs by name. */
  run(inputs) {
    if (isBytes(inputs) || (Array.isArray(inputs) && typeof inputs[0] === "number")) inputs = [inputs];
    if (inputs) {
      const keys = Object.keys(inputs).map((key) => (Array.isArray(inputs) ? Number(key) : key));
      const given = new Set(keys.map((key) => find(this.inputs, "input", key)));
      const missing = this.inputs.find((tensor) => !given.has(tensor));
      if (missing) throw new RangeError(`input '${missing.name}' is not given`);
      for (const key of keys) write(this, find(this.inputs, "input", key), inputs[key]);
    }
    this.infer();
    return Object.fromEntries(this.outputs.map((tensor) => [tensor.name, viewOf(this, tensor).slice()]));
  }
}

/** A model from whatever `compile` takes. */
export async function load(source, options) {
  const module = await compile(source, options);
  return new Model(module, await WebAssembly.instantiate(module, unusedImports(module)));
}

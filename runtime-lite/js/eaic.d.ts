/** What a host must support to run a module. */
export type Features = "scalar" | "simd128" | "relaxed";

export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

export interface Quantization {
  scale: number;
  zero_point: number;
}

/** An input or output. Elements are little-endian, dense, in C order. */
export interface Tensor {
  name: string;
  /** NumPy's name ("float32", "uint8", "int64", "bool"), or one like "bfloat16". */
  dtype: string;
  shape: number[];
  /** In the module's memory. */
  offset: number;
  bytes: number;
  /** The stored integer q stands for (q - zero_point) * scale. */
  quantization?: Quantization;
}

export interface Metadata {
  abi: 1;
  eaic: string;
  model: { name: string; sha256: string; opset: number };
  features: Features;
  /** The module is also a WASI command. */
  wasi?: true;
  inputs: Tensor[];
  outputs: Tensor[];
  memory: { weights: number; arena: number; arena_offset: number; total: number };
  steps: { nodes: string[]; kernel: string; macs: number }[];
}

type Single = string | URL | Request | Response | ArrayBuffer | ArrayBufferView | WebAssembly.Module;
/** A module, or where it is; or the same model compiled for several feature levels. */
export type Source = Single | Promise<Single> | { [level in Features]?: Single };

export interface LoadOptions<I = string> {
  /** As in HTML: "sha384-" and the digest in base64; sha256 and sha512 work too. */
  integrity?: I;
}

/** Values of one input: its typed array, numbers, or its raw bytes. Float32Array works for quantized inputs
 * too. */
export type InputValue = TypedArray | ArrayBuffer | readonly number[] | readonly bigint[];

export declare class Model {
  /** Without `instance`, makes one: synchronously, which pages refuse for large modules; `load` is for
   * them. */
  constructor(module: WebAssembly.Module, instance?: WebAssembly.Instance);
  readonly module: WebAssembly.Module;
  readonly metadata: Metadata;
  readonly inputs: Tensor[];
  readonly outputs: Tensor[];
  readonly memory: WebAssembly.Memory;
  /** Runs the network on what stands in memory. */
  readonly infer: () => void;
  /** The input, by name or number, as a typed array over the module's memory: to fill without copies. */
  input(key: string | number): TypedArray;
  /** The same for an output. Good until the next run. */
  output(key: string | number): TypedArray;
  /** Runs the network once. `inputs`: an object by name, a list in order, or the only input; without it, on
   * what stands in memory. Returns copies of the outputs by name. */
  run(inputs?: Record<string, InputValue> | readonly InputValue[] | InputValue): Record<string, TypedArray>;
}

/** Whether this host takes modules compiled for these features. */
export declare function supports(features: Features): boolean;
/** Compiles while it loads, unless there is an integrity to check. Of several feature levels takes the best
 * that this host supports; `integrity` is then an object with the same keys. */
export declare function compile(
  source: Source,
  options?: LoadOptions<string | { [level in Features]?: string }>,
): Promise<WebAssembly.Module>;
/** A model from whatever `compile` takes. */
export declare function load(
  source: Source,
  options?: LoadOptions<string | { [level in Features]?: string }>,
): Promise<Model>;
/** The metadata of a module: eaic-module(5). */
export declare function metadata(module: WebAssembly.Module): Metadata;
/** Real numbers as the integers of a quantized tensor, rounded to nearest even and saturated. */
export declare function quantize(tensor: Tensor, reals: ArrayLike<number>): TypedArray;
/** The real numbers that a quantized tensor's elements stand for. */
export declare function dequantize(tensor: Tensor, elements: ArrayLike<number | bigint>): Float32Array;

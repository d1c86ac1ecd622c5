#!/usr/bin/env python3
"""Train the example model: a small CNN for scikit-learn's 8x8 digits, float and int8, with test data.

    python3 scripts/train_digits.py [--out testdata]

Needs numpy, scikit-learn, pillow, onnx and onnxruntime. Writes into the output directory

    models/digits_{f32,qdq,qop}.onnx             float, QDQ and QOperator (u8 activations, s8 weights)
    models/digits_{f32,qdq,qop}/test_data_set_N  inputs and ONNX Runtime's outputs (ONNX backend layout)
    models/digits_heldout.npz                    the held-out third: uint8 images [N,8,8] and labels [N]
    images/digit_D.png                           one held-out image of each class, 8-bit grayscale

The network sees pixel / 255 as float32, so an image file and the .npz are the same input. Training is
plain numpy, on one BLAS thread: two runs on one machine give identical files. Another CPU or BLAS may order
the sums of a matrix product otherwise, and training amplifies that: there the files differ, the accuracy
hardly. The files in the repository are therefore the reference; tests never retrain.
"""
import argparse
import logging
import os
import time
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when numpy is imported

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

OPSET, IR_VERSION = 17, 8
EPOCHS, BATCH, PEAK_RATE, WEIGHT_DECAY = 100, 64, 5e-3, 1e-4
MAX_SHIFT, MAX_SKEW = 0.5, 0.15  # of the random maps that training images go through: pixels, ratio
CALIBRATION_IMAGES = 200


# ---- layers: NHWC float32; forward, backward (which leaves the gradients in `grads`), and export to ONNX

def pad(x, size):
    p = size // 2
    return np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))


def taps(x, size, stride):
    """For each filter tap, the index of the part of padded x that it meets."""
    for i in range(size):
        for j in range(size):
            yield np.s_[:, i:i + x.shape[1] - size + 1:stride, j:j + x.shape[2] - size + 1:stride]


def unpad(x, size):
    p = size // 2
    return x[:, p:x.shape[1] - p, p:x.shape[2] - p]


class Conv:
    """Convolution, size x size, zero padding size // 2. Weights are [taps * cin, cout]."""

    def __init__(self, rng, cin, cout, size=1, stride=1):
        self.shape, self.stride = (size, size, cin, cout), stride
        fan_in = size * size * cin
        self.w = rng.normal(0, np.sqrt(2 / fan_in), (fan_in, cout)).astype(np.float32)
        self.b = np.zeros(cout, np.float32)

    def forward(self, x):
        x = pad(x, self.shape[0])
        self.padded = x.shape
        self.columns = np.concatenate([x[t] for t in taps(x, self.shape[0], self.stride)], axis=-1)
        return self.columns @ self.w + self.b

    def backward(self, dy):
        flat = dy.reshape(-1, dy.shape[-1])
        self.grads = [self.columns.reshape(len(flat), -1).T @ flat, flat.sum(0)]
        parts = np.split(dy @ self.w.T, self.shape[0] ** 2, axis=-1)
        dx = np.zeros(self.padded, np.float32)
        for t, part in zip(taps(dx, self.shape[0], self.stride), parts):
            dx[t] += part
        return unpad(dx, self.shape[0])

    def export(self, graph, x):
        weights = self.w.reshape(self.shape).transpose(3, 2, 0, 1)
        return graph.conv(x, weights, self.b, self.stride)


class Depthwise:
    """3x3 depthwise convolution, zero padding 1. Weights are [9, channels]."""

    def __init__(self, rng, channels, stride=1):
        self.stride = stride
        self.w = rng.normal(0, np.sqrt(2 / 9), (9, channels)).astype(np.float32)
        self.b = np.zeros(channels, np.float32)

    def forward(self, x):
        self.x = pad(x, 3)
        return sum(self.x[t] * w for t, w in zip(taps(self.x, 3, self.stride), self.w)) + self.b

    def backward(self, dy):
        dx = np.zeros_like(self.x)
        dw = np.empty_like(self.w)
        for k, t in enumerate(taps(dx, 3, self.stride)):
            dx[t] += dy * self.w[k]
            dw[k] = (self.x[t] * dy).sum((0, 1, 2))
        self.grads = [dw, dy.sum((0, 1, 2))]
        return unpad(dx, 3)

    def export(self, graph, x):
        weights = self.w.reshape(3, 3, -1, 1).transpose(2, 3, 0, 1)
        return graph.conv(x, weights, self.b, self.stride, group=len(weights))


class Relu:
    """Clamps to 0..limit: Relu without a limit, Clip with one."""

    def __init__(self, limit=None):
        self.limit = limit

    def forward(self, x):
        self.passes = (x > 0) & (x < (self.limit or np.inf))
        return np.clip(x, 0, self.limit)

    def backward(self, dy):
        return dy * self.passes

    def export(self, graph, x):
        if self.limit is None:
            return graph.add("Relu", [x])
        bounds = [graph.constant(np.float32(v)) for v in (0, self.limit)]
        return graph.add("Clip", [x, *bounds])


class Residual:
    """x plus what the inner layers make of x."""

    def __init__(self, *layers):
        self.layers = layers

    def forward(self, x):
        return x + forward(self.layers, x)

    def backward(self, dy):
        return dy + backward(self.layers, dy)

    def export(self, graph, x):
        return graph.add("Add", [x, graph.chain(self.layers, x)])


class Pool:
    """Global average pool, to [N, 1, 1, C]."""

    def forward(self, x):
        self.shape = x.shape
        return x.mean((1, 2), keepdims=True)

    def backward(self, dy):
        return np.broadcast_to(dy / (self.shape[1] * self.shape[2]), self.shape)

    def export(self, graph, x):
        return graph.add("GlobalAveragePool", [x])


class Dense(Conv):
    """Fully connected: a 1x1 convolution of [N, 1, 1, C] that ONNX spells Flatten, Gemm."""

    def export(self, graph, x):
        x = graph.add("Flatten", [x])
        return graph.add("Gemm", [x, graph.constant(self.w.T), graph.constant(self.b)], transB=1)


def forward(layers, x):
    for layer in layers:
        x = layer.forward(x)
    return x


def backward(layers, dy):
    for layer in reversed(layers):
        dy = layer.backward(dy)
    return dy


def leaves(layers):
    """The layers that have weights."""
    for layer in layers:
        if isinstance(layer, Residual):
            yield from leaves(layer.layers)
        elif hasattr(layer, "w"):
            yield layer


def parameter_count(layers):
    return sum(layer.w.size + layer.b.size for layer in leaves(layers))


# ---- ONNX: export, quantize, run (make_mobilenet_v2.py uses these too)

class Graph:
    """An ONNX graph under construction; values are known by name."""

    def __init__(self):
        self.nodes, self.initializers = [], []

    def constant(self, array):
        name = f"const_{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def add(self, op, inputs, output=None, **attributes):
        name = f"{op}_{len(self.nodes)}"
        output = output or f"{name}_out"
        self.nodes.append(helper.make_node(op, inputs, [output], name=name, **attributes))
        return output

    def conv(self, x, weights, bias, stride, group=1):
        size = weights.shape[-1]
        return self.add("Conv", [x, self.constant(weights), self.constant(bias)], kernel_shape=[size, size],
                        strides=[stride, stride], pads=[size // 2] * 4, group=group)

    def chain(self, layers, x):
        for layer in layers:
            x = layer.export(self, x)
        return x

    def save(self, path, name, inputs, outputs):
        """inputs and outputs: {name: shape}, all float32."""
        values = [[helper.make_tensor_value_info(n, TensorProto.FLOAT, shape) for n, shape in d.items()]
                  for d in (inputs, outputs)]
        graph = helper.make_graph(self.nodes, name, *values, initializer=self.initializers)
        model = helper.make_model(graph, producer_name="eaic", ir_version=IR_VERSION,
                                  opset_imports=[helper.make_opsetid("", OPSET)])
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, path)


class Feeds(CalibrationDataReader):
    def __init__(self, name, arrays):
        self.feeds = iter([{name: a} for a in arrays])

    def get_next(self):
        return next(self.feeds, None)


def quantize(source, target, quant_format, input_name, samples):
    """u8 activations, s8 weights per channel, ranges from `samples`; Softmax stays in float."""
    logging.getLogger().setLevel(logging.ERROR)  # the advice to run a preprocessor: nothing is left to fold
    softmax = [n.name for n in onnx.load(source).graph.node if n.op_type == "Softmax"]
    quantize_static(source, target, Feeds(input_name, samples), quant_format=quant_format, per_channel=True,
                    activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, nodes_to_exclude=softmax)


def session(path, optimize=True):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    # Without this, u8 x s8 products saturate on x86 CPUs that lack VNNI.
    options.add_session_config_entry("session.x64quantprecision", "1")
    if not optimize:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def predict(path, samples, optimize=True):
    """The model's first output for each sample (each with its batch axis), in one array."""
    model = session(path, optimize)
    name = model.get_inputs()[0].name
    return np.concatenate([model.run(None, {name: x})[0] for x in samples])


def write_test_data(model, samples, noopt=False):
    """MODEL/test_data_set_N for each sample; with `noopt` also the outputs without graph optimizations."""
    info = session(model)
    names = {"input_0": info.get_inputs()[0].name, "output": info.get_outputs()[0].name}
    for n, sample in enumerate(samples):
        folder = model.with_suffix("") / f"test_data_set_{n}"
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {"input_0": (names["input_0"], sample),
                   "output_0": (names["output"], predict(model, [sample]))}
        if noopt:
            tensors["output_0_noopt"] = (names["output"], predict(model, [sample], optimize=False))
        for file, (name, array) in tensors.items():
            tensor = numpy_helper.from_array(array, name)
            (folder / f"{file}.pb").write_bytes(tensor.SerializeToString(deterministic=True))


# ---- the digits

def load_digits():
    """uint8 images [N,8,8] and labels; every third one is held out: (train, held-out)."""
    from sklearn import datasets
    digits = datasets.load_digits()
    images = np.round(digits.images * (255 / 16)).astype(np.uint8)
    held_out = np.arange(len(images)) % 3 == 0
    return [(images[m], digits.target[m].astype(np.uint8)) for m in (~held_out, held_out)]


def network(rng):
    return [
        Conv(rng, 1, 24, size=3), Relu(),
        Conv(rng, 24, 48, size=3, stride=2), Relu(6),
        Residual(Conv(rng, 48, 96), Relu(6), Depthwise(rng, 96), Relu(6), Conv(rng, 96, 48)),
        Depthwise(rng, 48), Relu(6), Conv(rng, 48, 96), Relu(6),
        Pool(), Dense(rng, 96, 10),
    ]


def warped(images, rng):
    """Each image [N,8,8,1] under its own small random affine map, resampled bilinearly."""
    count, size = images.shape[:2]
    centre = (size - 1) / 2
    matrix = np.eye(2) + rng.uniform(-MAX_SKEW, MAX_SKEW, (count, 2, 2))
    shift = rng.uniform(-MAX_SHIFT, MAX_SHIFT, (count, 1, 1, 2))
    grid = np.stack(np.mgrid[:size, :size], axis=-1) - centre
    margin = 2  # of zeros, so that a map may look beyond the edge
    place = np.einsum("nij,hwj->nhwi", matrix, grid) + shift + centre + margin
    place = np.clip(place, 0, size + 2 * margin - 1.001)
    padded = np.pad(images[..., 0], ((0, 0), (margin, margin), (margin, margin)))
    y, x = np.moveaxis(place.astype(int), -1, 0)
    dy, dx = np.moveaxis(place % 1, -1, 0)
    n = np.arange(count)[:, None, None]
    top = padded[n, y, x] * (1 - dx) + padded[n, y, x + 1] * dx
    bottom = padded[n, y + 1, x] * (1 - dx) + padded[n, y + 1, x + 1] * dx
    return (top * (1 - dy) + bottom * dy).astype(np.float32)[..., None]


def train(layers, images, labels, rng):
    """Softmax cross-entropy, AdamW, cosine learning rate."""
    parameters = [(layer, name) for layer in leaves(layers) for name in ("w", "b")]
    moments = [[np.zeros_like(getattr(layer, name))] * 2 for layer, name in parameters]
    steps = EPOCHS * (len(images) // BATCH)
    for step in range(steps):
        if step % (len(images) // BATCH) == 0:
            order = iter(rng.permutation(len(images))[:len(images) // BATCH * BATCH].reshape(-1, BATCH))
        batch = next(order)
        logits = forward(layers, warped(images[batch], rng)).reshape(BATCH, 10)
        p = np.exp(logits - logits.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        p[np.arange(BATCH), labels[batch]] -= 1
        backward(layers, (p / BATCH).reshape(BATCH, 1, 1, 10))

        rate = PEAK_RATE * (1 + np.cos(np.pi * step / steps)) / 2
        correct1, correct2 = 1 - 0.9 ** (step + 1), 1 - 0.999 ** (step + 1)
        for (layer, name), moment in zip(parameters, moments):
            grad = layer.grads["wb".index(name)]
            moment[0] = np.float32(0.9) * moment[0] + np.float32(0.1) * grad
            moment[1] = np.float32(0.999) * moment[1] + np.float32(0.001) * grad * grad
            change = moment[0] / correct1 / (np.sqrt(moment[1] / correct2) + 1e-8)
            decay = WEIGHT_DECAY if name == "w" else 0
            old = getattr(layer, name)
            setattr(layer, name, (old - rate * (change + decay * old)).astype(np.float32))


def as_input(images):
    """uint8 [N,8,8] to the model's float32 [N,1,8,8]."""
    return images[:, None].astype(np.float32) / np.float32(255)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("testdata"), help="default: testdata")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    models, pictures = args.out / "models", args.out / "images"
    for folder in (models, pictures):
        folder.mkdir(parents=True, exist_ok=True)

    (images, labels), (test_images, test_labels) = load_digits()
    rng = np.random.default_rng(args.seed)
    layers = network(rng)
    start = time.perf_counter()
    train(layers, as_input(images).transpose(0, 2, 3, 1), labels, rng)
    print(f"{parameter_count(layers)} parameters, trained in {time.perf_counter() - start:.1f} s")

    graph = Graph()
    graph.add("Softmax", [graph.chain(layers, "image")], output="probabilities", axis=1)
    f32, qdq, qop = (models / f"digits_{kind}.onnx" for kind in ("f32", "qdq", "qop"))
    graph.save(f32, "digits", {"image": [1, 1, 8, 8]}, {"probabilities": [1, 10]})
    calibration = as_input(images[:CALIBRATION_IMAGES])[:, None]
    quantize(f32, qdq, QuantFormat.QDQ, "image", calibration)
    quantize(f32, qop, QuantFormat.QOperator, "image", calibration)

    samples = as_input(test_images)[:, None]
    for model in (f32, qdq, qop):
        accuracy = (predict(model, samples).argmax(1) == test_labels).mean()
        print(f"{model}: {model.stat().st_size} bytes, {accuracy:.2%} of {len(samples)} held-out images")
        write_test_data(model, samples[:3])
    np.savez_compressed(models / "digits_heldout.npz", images=test_images, labels=test_labels)

    from PIL import Image
    for digit in range(10):
        picture = test_images[np.flatnonzero(test_labels == digit)[0]]
        Image.fromarray(picture).save(pictures / f"digit_{digit}.png")


if __name__ == "__main__":
    main()

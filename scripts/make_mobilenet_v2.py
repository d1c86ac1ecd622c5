#!/usr/bin/env python3
"""Generate MobileNetV2 with seeded random weights, float and int8, with test data: a speed benchmark.

    python3 scripts/make_mobilenet_v2.py OUTDIR [--size 224] [--width 1.0]

Needs numpy, onnx and onnxruntime. Writes OUTDIR/mobilenet_v2_{f32,qdq,qop}.onnx and next to each a folder
with test_data_set_0..2: input_0.pb, ONNX Runtime's output_0.pb, and output_0_noopt.pb, its outputs without
graph optimizations. Input `input` [1,3,size,size], output `logits` [1,1000].

The weights are not trained, but each convolution is followed by a batch normalization with random gain and
offset, set up on random smooth images and folded into weights and bias: so activations stay in the ranges
of a trained network, channels differ in scale, and the 8-bit types are well used.
"""
import argparse
from pathlib import Path

from train_digits import Conv, Dense, Depthwise, Graph, Pool, Relu, Residual  # first: it sets up numpy
from train_digits import parameter_count, predict, quantize, write_test_data

import numpy as np
from onnxruntime.quantization import QuantFormat

# Rows of table 2 of the MobileNetV2 paper: expansion, channels, blocks, stride of the first block.
BLOCKS = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
          (6, 320, 1, 1)]
CLASSES = 1000
SETUP_IMAGES, CALIBRATION_IMAGES, TEST_IMAGES = 8, 4, 3


def channels(count, width):
    """Scaled, to a multiple of 8, and never down by more than 10%."""
    scaled = max(8, int(count * width + 4) // 8 * 8)
    return scaled if scaled >= 0.9 * count * width else scaled + 8


def network(rng, width):
    last = channels(32, width)
    layers = [Conv(rng, 3, last, size=3, stride=2), Relu(6)]
    for expansion, count, blocks, stride in BLOCKS:
        for n in range(blocks):
            cin, inner, cout = last, last * expansion, channels(count, width)
            block = [Conv(rng, cin, inner), Relu(6)] if expansion > 1 else []
            block += [Depthwise(rng, inner, stride if n == 0 else 1), Relu(6), Conv(rng, inner, cout)]
            layers += block if n == 0 else [Residual(*block)]
            last = cout
    top = channels(1280, max(width, 1))
    return layers + [Conv(rng, last, top), Relu(6), Pool(), Dense(rng, top, CLASSES)]


def normalize(layers, x, rng, gain=1.0):
    """Fold a batch normalization over x's activations into every layer with weights; returns the output.

    Offsets well above zero and quiet residual branches keep the random network from being chaotic, that is,
    from amplifying rounding until the int8 model has nothing to do with the float one.
    """
    for layer in layers:
        if isinstance(layer, Residual):
            x = x + normalize(layer.layers, x, rng, gain=0.5)
            continue
        y = layer.forward(x)
        if hasattr(layer, "w"):
            count = y.shape[-1]
            scale = gain * rng.uniform(0.5, 1.5, count) / (y.std((0, 1, 2)) + 1e-3)
            offset = rng.normal(1, 0.7, count)
            layer.w = (layer.w * scale).astype(np.float32)
            layer.b = (offset - y.mean((0, 1, 2)) * scale).astype(np.float32)
            y = layer.forward(x)
        x = y
    return x


def smooth_images(rng, count, size):
    """float32 [count,3,size,size]: noise at five scales, coarse ones strongest, roughly -2..2."""
    images = np.zeros((count, 3, size, size))
    for cells, weight in ((2, 0.8), (4, 0.6), (9, 0.5), (20, 0.3), (50, 0.2)):
        at = np.linspace(0, cells - 1.001, size)
        low, t = at.astype(int), at % 1
        t = t * t * (3 - 2 * t)
        blend = np.zeros((size, cells))
        blend[np.arange(size), low], blend[np.arange(size), low + 1] = 1 - t, t
        images += weight * (blend @ rng.normal(0, 1, (count, 3, cells, cells)) @ blend.T)
    return images.astype(np.float32)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("outdir", type=Path)
    parser.add_argument("--size", type=int, default=224, help="height and width of the input")
    parser.add_argument("--width", type=float, default=1.0, help="multiplier of the channel counts")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    args.outdir.mkdir(parents=True, exist_ok=True)

    rng = np.random.default_rng(args.seed)
    layers = network(rng, args.width)
    normalize(layers, smooth_images(rng, SETUP_IMAGES, args.size).transpose(0, 2, 3, 1), rng)
    print(f"{parameter_count(layers)} parameters")

    graph = Graph()
    f32, qdq, qop = (args.outdir / f"mobilenet_v2_{kind}.onnx" for kind in ("f32", "qdq", "qop"))
    layers[-1].export(graph, graph.chain(layers[:-1], "input"))
    graph.nodes[-1].output[0] = "logits"
    graph.save(f32, "mobilenet_v2", {"input": [1, 3, args.size, args.size]}, {"logits": [1, CLASSES]})
    calibration = smooth_images(rng, CALIBRATION_IMAGES, args.size)[:, None]
    quantize(f32, qdq, QuantFormat.QDQ, "input", calibration)
    quantize(f32, qop, QuantFormat.QOperator, "input", calibration)

    samples = smooth_images(rng, TEST_IMAGES, args.size)[:, None]
    expected = predict(f32, samples)
    for model in (f32, qdq, qop):
        logits = predict(model, samples)
        correlation = np.corrcoef(logits.ravel(), expected.ravel())[0, 1]
        print(f"{model}: {model.stat().st_size} bytes, correlation with the float model {correlation:.4f}")
        write_test_data(model, samples, noopt=True)


if __name__ == "__main__":
    main()

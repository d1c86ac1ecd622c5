"""Cases of check_operators.py: small random networks, in float and as onnxruntime's tools quantize them."""
import tempfile
from pathlib import Path

import numpy as np
import onnx

from operator_net import Net, operator


def activation(net, x):
    """A random activation."""
    kind = net.rng.integers(0, 6)
    if kind == 0:
        return net("Clip", x, net.const(np.float32(0)), net.const(np.float32(6)))
    if kind == 1:
        return net("LeakyRelu", x, alpha=0.1)
    if kind == 2:
        return net("HardSwish", x)
    if kind == 3:
        return net("Mul", x, net("Sigmoid", x))
    return net("Relu", x)


def conv(net, x, inputs, outputs, size=3, stride=1, group=1, rank=2, act=True, normalize=False):
    w = net.const(net.weights((outputs, inputs // group, *[size] * rank)) * np.float32(1.7))
    bias = [] if normalize else [net.const(net.random((outputs,), low=-0.5, high=0.5))]
    x = net("Conv", x, w, *bias, strides=[stride] * rank, pads=[size // 2] * (2 * rank), group=group)
    if normalize:
        x = net(
            "BatchNormalization", x,
            *(net.const(net.random((outputs,), low=low, high=high))
              for low, high in ((0.5, 1.5), (-0.3, 0.3), (-0.3, 0.3), (0.5, 1.5))))
    return activation(net, x) if act else x


def classifier(net, x, channels, classes=10):
    x = net("Flatten", net("GlobalAveragePool", x))
    y = net("Gemm", x, net.const(net.random((classes, channels), low=-0.5, high=0.5)),
            net.const(net.random((classes,))), transB=1)
    return net.output(net("Softmax", y, axis=-1) if net.rng.integers(0, 2) else y)


def residual(net):
    """Residual blocks with a strided shortcut."""
    c = int(net.rng.integers(3, 10))
    x = conv(net, net.input((1, 3, 12, 12)), 3, c, normalize=True)
    y = conv(net, conv(net, x, c, c), c, c, act=False)
    x = activation(net, net("Add", x, y))
    y = conv(net, conv(net, x, c, 2 * c, stride=2), 2 * c, 2 * c, act=False, normalize=True)
    x = net("Relu", net("Add", y, conv(net, x, c, 2 * c, size=1, stride=2, act=False)))
    return classifier(net, x, 2 * c)


def inverted_residual(net):
    """MobileNet blocks with squeeze and excite."""
    c = int(net.rng.integers(2, 5)) * 4
    x = conv(net, net.input((1, 3, 14, 14)), 3, c, stride=2)
    y = conv(net, conv(net, x, c, 3 * c, size=1), 3 * c, 3 * c, size=int(net.rng.choice([3, 5])), group=3 * c)
    s = net("GlobalAveragePool", y)
    s = net("Relu", conv(net, s, 3 * c, c // 2, size=1, act=False))
    s = net("HardSigmoid", conv(net, s, c // 2, 3 * c, size=1, act=False), alpha=1 / 6, beta=0.5)
    y = conv(net, net("Mul", y, s), 3 * c, c, size=1, act=False)
    x = net("Add", x, y)
    return classifier(net, conv(net, x, c, 2 * c, size=1), 2 * c)


def branches(net):
    """Concat of branches with pools, Split, channel shuffle."""
    c = int(net.rng.integers(2, 5)) * 2
    x = conv(net, net.input((2, 3, 10, 11)), 3, c)
    pooled = net("MaxPool", x, kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1])
    mean = net("AveragePool", x, kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1],
               count_include_pad=int(net.rng.integers(0, 2)))
    x = net("Concat", conv(net, x, c, c, size=1), pooled, conv(net, mean, c, c), axis=1)
    a, b = net("Split", x, net.ints(c, 2 * c), outputs=2, axis=1)
    x = net("Concat", conv(net, b, 2 * c, 3 * c, group=2 if c % 2 == 0 else 1), a, axis=1)
    x = net("Reshape", net("Transpose", net("Reshape", x, net.ints(2, 2, 2 * c, 10, 11)),
                           perm=[0, 2, 1, 3, 4]), net.ints(2, 4 * c, 10, 11))
    return classifier(net, conv(net, x, 4 * c, c, stride=2), c)


def decoder(net):
    """Encoder and decoder with upsampling, transposed convolution and a skip."""
    c = int(net.rng.integers(3, 8))
    skip = conv(net, net.input((1, 2, 12, 12)), 2, c)
    x = conv(net, net("MaxPool", skip, kernel_shape=[2, 2], strides=[2, 2]), c, 2 * c)
    if net.rng.integers(0, 2):
        mode = str(net.rng.choice(["nearest", "linear"]))
        coordinates = "asymmetric" if mode == "nearest" else "half_pixel"
        extra = dict(nearest_mode="floor") if mode == "nearest" else {}
        x = net("Resize", x, None, net.const(np.array([1, 1, 2, 2], np.float32)), mode=mode,
                coordinate_transformation_mode=coordinates, **extra)
    else:
        x = net("ConvTranspose", x, net.const(net.random((2 * c, 2 * c, 2, 2), low=-0.4, high=0.4)),
                strides=[2, 2])
    x = conv(net, net("Concat", x, skip, axis=1), 3 * c, c)
    return net.output(net("Sigmoid", conv(net, x, c, 1, size=1, act=False)))


def keywords(net):
    """1-D network as for keyword spotting."""
    c = int(net.rng.integers(2, 6)) * 4
    x = conv(net, net.input((1, 10, 25)), 10, c, rank=1, size=5, normalize=True)
    for stride in (1, 2):
        x = conv(net, x, c, c, rank=1, group=c, stride=stride, size=int(net.rng.choice([3, 9])))
        x = conv(net, x, c, c, rank=1, size=1)
    return classifier(net, x, c, classes=4)


def dense(net):
    """Fully connected autoencoder with PRelu and Tanh."""
    sizes = [int(size) for size in net.rng.integers(5, 40, 4)]
    x = net.input((2, sizes[0]))
    for k, (a, b) in enumerate(zip(sizes, sizes[1:] + sizes[:1])):
        w = net.const(net.random((a, b), low=-1, high=1) / np.float32(np.sqrt(a)) * np.float32(1.6))
        x = net("Add", net("MatMul", x, w), net.const(net.random((b,), low=-0.3, high=0.3)))
        x = [
            lambda v: net("Relu", v), lambda v: net("PRelu", v, net.const(net.random(
                (b,), low=0, high=0.5))), lambda v: net("Tanh", v), lambda v: v
        ][k](x)
    return net.output(x)


SHAPES = [residual, inverted_residual, branches, decoder, keywords, dense]


class Quantized:
    """A float case quantized by onnxruntime; it stands where a Net does, and makes its model when asked."""
    def __init__(self, net, name, **options):
        self.net, self.name, self.options = net, f"{net.name} {name}", options
        self.feeds, self.dims, self.made = net.feeds, {}, None

    def is_quantized(self):
        return True

    def model(self, results=None):
        if self.made is None:
            self.made = self.quantize()
        return self.made

    def quantize(self):
        from onnxruntime.quantization import quantize_dynamic, quantize_static
        from onnxruntime.quantization.shape_inference import quant_pre_process
        feeds = [{name: self.net.random(a.shape) for name, a in self.feeds.items()} for _ in range(4)]

        class Reader:
            def get_next(self):
                return feeds.pop() if feeds else None

        with tempfile.TemporaryDirectory() as folder:
            float_path, ready, out = (Path(folder) / f"{part}.onnx"
                                      for part in ("float", "ready", "quantized"))
            onnx.save(self.net.model(), float_path)
            quant_pre_process(str(float_path), str(ready), skip_symbolic_shape=True)
            if "quant_format" in self.options:
                quantize_static(str(ready), str(out), Reader(), **self.options)
            else:
                quantize_dynamic(str(ready), str(out), **self.options)
            return onnx.load(str(out))


def variants():
    from onnxruntime.quantization import QuantFormat, QuantType
    u8, s8 = QuantType.QUInt8, QuantType.QInt8
    for act, weight in ((u8, u8), (u8, s8), (s8, s8)):
        for per_channel in (False, True):
            for form in (QuantFormat.QDQ, QuantFormat.QOperator):
                reduce = per_channel and act is u8
                extra = f"{' per channel' if per_channel else ''}{' reduced' if reduce else ''}"
                name = f"{form.name} {act.name}/{weight.name}{extra}"
                yield name, dict(quant_format=form, activation_type=act, weight_type=weight,
                                 per_channel=per_channel, reduce_range=reduce)
    for weight in (u8, s8):
        yield f"dynamic {weight.name}", dict(weight_type=weight, per_channel=weight is s8)


@operator("networks")
def networks():
    for shape in SHAPES:
        for number in range(3):
            yield shape(Net(f"{shape.__name__} {number}", 17))


@operator("networks quantized")
def quantized_networks():
    for shape in SHAPES:
        for k, (name, options) in enumerate(variants()):
            for number in (k % 3, (k + 1) % 3):
                yield Quantized(shape(Net(f"{shape.__name__} {number}", 17)), name, **options)

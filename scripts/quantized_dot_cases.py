"""Cases of check_operators.py: dot products as QDQ, QOperator and dynamically quantized; shared helpers."""
import itertools

import numpy as np

from operator_cases import CONVS, GEMMS, MATMULS, weight_shape
from operator_net import Net, operator

# (dtype, scale, zero point) of activations; the inputs of the cases are in -3 .. 3, so some saturate
U8, U8_ZERO = ("u1", 0.0247, 121), ("u1", 0.0117, 0)
U8_HIGH, U8_FINE = ("u1", 0.0123, 255), ("u1", 0.0199, 77)
S8, S8_LOW, S8_ZERO, S8_FINE = ("i1", 0.0251, -9), ("i1", 0.0118, -128), ("i1", 0.0237, 0), ("i1", 0.0201, 33)
ACTS = [U8, S8, U8_ZERO, S8_LOW, U8_HIGH, S8_ZERO, U8_FINE, S8_FINE]
PAIRS = [(U8, U8), (S8, S8), (U8, U8_ZERO), (S8, S8_LOW), (U8_FINE, U8_HIGH), (S8_ZERO, S8_FINE), (U8, S8),
         (S8, U8)]


def scaled(act, factor):
    return act[0], act[1] * factor, act[2]


def finish(net, y, act, form):
    """Ends a case: form 0 quantizes, form 1 also dequantizes again."""
    return net.output(net.qdq(y, act) if form else net.quantize(y, act))


# ---- weights of dot products: (dtype, per channel, zero point, kind of bias)
SCHEMES = [("i1", True, 0, "s32"), ("i1", False, 0, "float"), ("u1", False, 119, "s32"), ("i1", True, 0, None),
           ("i1", False, -3, "s32"), ("u1", True, 128, "s32"), ("i1", True, 0, "float"), ("u1", False, 0, None)]


class DotWeights:
    """Constant weights of a dot product with `taps` products a sum, and a matching bias."""
    def __init__(self, net, shape, axis, scheme, taps):
        self.net, self.shape, self.axis = net, shape, axis
        self.dtype, self.per_channel, self.zero, self.bias = scheme
        self.channels = shape[axis]
        self.values = net.random(shape, self.dtype)
        self.scale = np.float32(0.011 / np.sqrt(max(taps, 1)))
        if self.per_channel:
            self.scale = (self.scale * net.rng.uniform(0.5, 1.5, self.channels)).astype(np.float32)
        self.zeros = np.full(np.shape(self.scale), self.zero)

    def dequantized(self):
        return self.net.qconst(self.values, self.dtype, self.scale, self.zeros,
                               self.axis if self.per_channel else None)

    def biases(self, x_scale):
        """[] or the name of the bias as an operand of a float node."""
        if self.bias is None:
            return []
        if self.bias == "float":
            return [self.net.const(self.net.random((self.channels,), low=-1, high=1))]
        scale = np.float32(x_scale) * self.scale
        values = np.rint(self.net.rng.uniform(-1, 1, self.channels) / scale)
        return [
            self.net.qconst(values, "i4", scale, np.zeros(np.shape(scale)), 0 if self.per_channel else None)
        ]

    def integer_bias(self, x_scale):
        return self.net.const(np.rint(self.net.rng.uniform(-1, 1, self.channels) / (x_scale * self.scale)),
                              "i4")


def taps_of(shape):
    return int(np.prod(shape[1:]))


def after(net, y, k):
    """What stands between a dot product and its quantize: mostly nothing, else Relu or Clip."""
    if k == 1:
        return net("Relu", y)
    if k == 2:
        return net("Clip", y, net.const(np.float32(0)), net.const(np.float32(6)))
    if k == 3:
        return net("Clip", y, net.const(np.float32(-0.5)), net.const(np.float32(0.75)))
    return y


@operator("Conv QDQ")
def conv_qdq():
    for k, (name, x, outputs, kernel, attributes) in enumerate(CONVS):
        shape = weight_shape(x, outputs, kernel, attributes)
        for j in range(3):
            source, target = PAIRS[(k + 3 * j) % len(PAIRS)]
            scheme = SCHEMES[(3 * k + j) % len(SCHEMES)]
            tail = (k + j) % 4
            net = Net(f"{name}: {source} {target} {scheme} tail {tail}", 13 if scheme[0] == "i1" else 21)
            w = DotWeights(net, shape, 0, scheme, taps_of(shape))
            y = net("Conv", net.qdq_input(x, source), w.dequantized(), *w.biases(source[1]), **attributes)
            yield finish(net, after(net, y, tail), target, (k + j) % 2)
    shape = (6, 4, 3, 3)
    for k, (scheme, act) in enumerate(itertools.product(SCHEMES, (U8, S8))):
        net = Net(f"float result: {act} {scheme}")
        w = DotWeights(net, shape, 0, scheme, taps_of(shape))
        yield net.output(net("Conv", net.qdq_input((1, 4, 6, 6), act), w.dequantized(), *w.biases(act[1])))
    for act, scheme, order, relu in itertools.product((U8, S8, U8_ZERO, S8_LOW), (SCHEMES[0], SCHEMES[2]),
                                                      (0, 1), (0, 1)):
        net = Net(f"residual: {act} {scheme} order {order} relu {relu}")
        w = DotWeights(net, (4, 4, 3, 3), 0, scheme, 36)
        x = net.qdq_input((1, 4, 6, 6), act)
        y = net("Conv", x, w.dequantized(), *w.biases(act[1]), pads=[1, 1, 1, 1])
        y = net.qdq(y, scaled(act, 1.31))
        y = net("Add", *((x, y) if order else (y, x)))
        yield finish(net, net("Relu", y) if relu else y, scaled(act, 1.7), 1)
    net = Net("float weights and bias", 13)
    y = net("Conv", net.qdq_input((1, 3, 6, 6), U8), net.const(net.weights((5, 3, 3, 3))),
            net.const(net.random((5,))))
    yield finish(net, y, U8, 1)
    net = Net("float weights, then BatchNormalization", 13)
    y = net("Conv", net.qdq_input((1, 3, 6, 6), U8), net.const(net.weights((5, 3, 3, 3))),
            net.const(net.random((5,))))
    y = net("BatchNormalization", y, *(net.const(net.random((5,), low=0.3, high=1.2)) for _ in range(4)))
    yield finish(net, y, U8, 1)
    for act in (U8, S8):
        net = Net(f"one dequantize for two convs: {act}", 13)
        x = net.qdq_input((1, 4, 5, 5), act)
        parts = []
        for _ in range(2):
            w = DotWeights(net, (4, 4, 1, 1), 0, SCHEMES[0], 4)
            parts.append(net.qdq(net("Conv", x, w.dequantized(), *w.biases(act[1])), scaled(act, 0.9)))
        yield finish(net, net("Add", *parts), act, 1)
        net = Net(f"conv read twice: {act}", 13)
        w = DotWeights(net, (4, 4, 1, 1), 0, SCHEMES[0], 4)
        y = net("Conv", net.qdq_input((1, 4, 5, 5), act), w.dequantized(), *w.biases(act[1]))
        yield net.output(net.qdq(y, act), net("Relu", y))
    net = Net("weights quantized in the graph", 13)
    w = net.qdq(net.const(net.weights((5, 3, 3, 3))), ("i1", 0.0031, 0))
    yield finish(net, net("Conv", net.qdq_input((1, 3, 6, 6), U8), w), U8, 1)


@operator("QLinearConv")
def qlinear_conv():
    for k, (name, x, outputs, kernel, attributes) in enumerate(CONVS):
        shape = weight_shape(x, outputs, kernel, attributes)
        for j in range(2):
            source, target = [(U8, U8_FINE), (S8, S8_FINE), (U8_HIGH, U8_ZERO),
                              (S8_LOW, S8)][(k + 2 * j + k // 4) % 4]
            scheme = SCHEMES[(3 * k + 5 * j) % len(SCHEMES)]
            if source[0] == "i1" and scheme[0] == "u1":
                scheme = SCHEMES[0]
            net = Net(f"{name}: {source} {target} {scheme}", 10)
            w = DotWeights(net, shape, 0, scheme, taps_of(shape))
            inputs = [
                net.input(x, source[0]), *net.params(*source[1:], source[0]),
                net.const(w.values), *net.params(w.scale, w.zeros, w.dtype),
                *net.params(*target[1:], target[0])
            ]
            if scheme[3]:
                inputs.append(w.integer_bias(source[1]))
            yield net.output(net("QLinearConv", *inputs, **attributes))


@operator("ConvInteger")
def conv_integer():
    for k, (name, x, outputs, kernel, attributes) in enumerate(CONVS[::3]):
        net = Net(name, 10)
        dtype = "u1"  # the only one of ONNX Runtime
        zeros = [net.const(200 - 30 * k, dtype) if k < 6 else net.const(5, dtype)] if k % 3 else []
        weights = net.const(net.random(weight_shape(x, outputs, kernel, attributes), "u1" if k % 2 else "i1"))
        if k % 3 == 2:
            zeros.append(net.const(3, "u1" if k % 2 else "i1"))
        yield net.output(net("ConvInteger", net.input(x, dtype), weights, *zeros, **attributes))
    net = Net("after DynamicQuantizeLinear, scaled", 13)
    q, scale, zero = net("DynamicQuantizeLinear", net.input((1, 3, 6, 6)), outputs=3)
    y = net("ConvInteger", q, net.const(net.random((4, 3, 3, 3), "u1")), zero, net.const(128, "u1"),
            pads=[1, 1, 1, 1])
    y = net("Mul", net("Cast", y, to=1), net("Mul", scale, net.const(np.float32(0.01))))
    yield net.output(net("Add", y, net.const(net.random((1, 4, 1, 1)))))


@operator("ConvTranspose QDQ")
def conv_transpose_qdq():
    for k, (act, group) in enumerate(itertools.product((U8, S8, U8_ZERO), (1, 4))):
        net = Net(f"{act} group {group}", 13)
        w = DotWeights(net, (4, 6 // (2 if group == 4 else 1) // (1 if group == 1 else 3), 3, 3), 1,
                       SCHEMES[k % 2], 9 * 4 // group)
        if group != 1:
            w.bias = None
        y = net("ConvTranspose", net.qdq_input((1, 4, 5, 5), act), w.dequantized(), *w.biases(act[1]),
                strides=[2, 2], pads=[1, 1, 1, 1], group=group)
        yield finish(net, y, act, k % 2)


@operator("MatMul QDQ")
def matmul_qdq():
    for k, (a, b) in enumerate(MATMULS):
        for j, constant in enumerate((False, True)):
            source, target = PAIRS[(k + 3 * j) % len(PAIRS)]
            net = Net(f"{a} x {b}{' constant' if constant else ''}: {source} {target}", 13)
            inner = scaled(target, np.sqrt(a[-1]))
            if constant:
                per_channel = len(b) == 2 and k % 2 == 0
                w = DotWeights(net, b,
                               len(b) - 1, ("u1" if k % 3 == 2 else "i1", per_channel, 7 * (k % 2), None), 1)
                right = w.dequantized()
            else:
                right = net.qdq_input(b, scaled(source, 0.9))
            y = net("MatMul", net.qdq_input(a, source), right)
            if k % 3 != 1:
                yield finish(net, y, inner, (k + j) % 2)
            else:
                yield net.output(y)
    for bias, act in itertools.product(("float", "dequantized"), (U8, S8)):
        net = Net(f"then Add of a {bias} bias: {act}", 13)
        w = DotWeights(net, (8, 6), 1, SCHEMES[0], 8)
        y = net("MatMul", net.qdq_input((3, 8), act), w.dequantized())
        b = net.const(net.random((6,))) if bias == "float" else net.qconst(net.random(
            (6,), "i1"), "i1", 0.01, 0)
        yield finish(net, net("Add", y, b), act, 1)


@operator("Gemm QDQ")
def gemm_qdq():
    for k, ((trans_a, trans_b, alpha, beta), scheme) in enumerate(itertools.product(GEMMS, SCHEMES)):
        if alpha != 1 and k % 3:
            continue
        source, target = PAIRS[k % len(PAIRS)]
        net = Net(f"transA {trans_a} transB {trans_b} alpha {alpha} beta {beta}: {source} {target} {scheme}",
                  13)
        w = DotWeights(net, (7, 5) if trans_b else (5, 7), 0 if trans_b else 1, scheme, 5)
        y = net("Gemm", net.qdq_input((5, 3) if trans_a else (3, 5), source), w.dequantized(),
                *w.biases(source[1]), transA=trans_a, transB=trans_b, alpha=alpha, beta=beta)
        yield finish(net, after(net, y, k % 4), target, k % 2) if k % 5 else net.output(y)


@operator("QGemm")
def qgemm():
    shapes = [None, (7,), (1, 7), (3, 1), (3, 7), ()]
    for k, (c, (trans_a, trans_b, alpha, _)) in enumerate(itertools.product(shapes, GEMMS)):
        source, target = [(U8, U8_FINE), (S8, S8_FINE), (U8_HIGH, U8_ZERO)][k % 3]
        scheme = SCHEMES[k % len(SCHEMES)] if source[0] == "u1" else SCHEMES[k % 2]
        net = Net(f"C {c} transA {trans_a} transB {trans_b} alpha {alpha}: {source} {target} {scheme}", 13)
        w = DotWeights(net, (7, 5) if trans_b else (5, 7), 0 if trans_b else 1, scheme, 5)
        inputs = [
            net.input((5, 3) if trans_a else (3, 5), source[0]), *net.params(*source[1:], source[0]),
            net.const(w.values), *net.params(w.scale, w.zeros, w.dtype),
            None if c is None else net.const(net.random(c, "i4", -4000, 4000))
        ]
        if k % 4:
            inputs += net.params(*target[1:], target[0])
        yield net.output(net("QGemm", *inputs, transA=trans_a, transB=trans_b, alpha=alpha))


@operator("QLinearMatMul")
def qlinear_matmul():
    for k, (a, b) in enumerate(MATMULS):
        source, target = [(U8, U8_FINE), (S8, S8_FINE), (U8_HIGH, U8_ZERO)][k % 3]
        for constant in (False, True):
            net = Net(f"{a} x {b} constant {constant}: {source} {target}", (10, 21)[k % 2])
            per_channel = constant and len(b) == 2 and k % 2 == 0
            w = DotWeights(net, b,
                           len(b) - 1, (source[0] if k % 2 else "i1", per_channel, 7 * (k % 2), None), a[-1])
            right = net.const(w.values) if constant else net.input(b, w.dtype)
            yield net.output(
                net("QLinearMatMul", net.input(a, source[0]), *net.params(*source[1:], source[0]), right,
                    *net.params(w.scale, w.zeros, w.dtype), *net.params(*target[1:], target[0])))


@operator("MatMulInteger")
def matmul_integer():
    for k, (a, b) in enumerate(MATMULS):
        left, right = [("u1", "i1"), ("u1", "u1"), ("i1", "i1")][k % 3]
        net = Net(f"{a} x {b} {left} {right} zero points {k % 4}", 10)
        zeros = [net.const(5 * k, left)] if k % 4 else []
        if k % 4 == 2:
            zeros.append(net.const(-7 if right == "i1" else 130, right))
        elif k % 4 == 3:
            zeros.append(net.const(net.random((b[-1],), right)) if len(b) == 2 else net.const(9, right))
        operand = net.const(net.random(b, right)) if k % 2 else net.input(b, right)
        yield net.output(net("MatMulInteger", net.input(a, left), operand, *zeros))
    for k, (bias, per_channel,
            dtype) in enumerate(itertools.product((False, True), (False, True), ("i1", "u1"))):
        net = Net(f"dynamic: bias {bias} per channel {per_channel} {dtype}", 13)
        q, scale, zero = net("DynamicQuantizeLinear", net.input((2, 3, 9)), outputs=3)
        count = (6,) if per_channel else ()
        zeros = net.const(net.rng.integers(0, 4, count), dtype)
        y = net("Cast", net("MatMulInteger", q, net.const(net.random((9, 6), dtype)), zero, zeros), to=1)
        y = net("Mul", y, net("Mul", scale, net.const(net.random(count, low=0.001, high=0.02))))
        yield net.output(net("Add", y, net.const(net.random((6,)))) if bias else y)


@operator("DynamicQuantizeLinear")
def dynamic_quantize_linear():
    for name, low, high in [("both signs", -3, 2), ("positive", 1, 4), ("negative", -4, -2), ("zero", 0, 0),
                            ("tiny", 0, 1e-30)]:
        net = Net(name, 11)
        q, scale, zero = net("DynamicQuantizeLinear", net.input((2, 3, 5), low=low, high=high), outputs=3)
        yield net.output(q, scale, zero)
        net = Net(f"{name}, and back", 11)
        yield net.output(
            net("DequantizeLinear",
                *net("DynamicQuantizeLinear", net.input((7,), low=low, high=high), outputs=3)))


@operator("MatMulIntegerToFloat")
def matmul_integer_to_float():
    for bias, per_channel, op in itertools.product((0, 1), (0, 1),
                                                   ("MatMulIntegerToFloat", "DynamicQuantizeMatMul")):
        net = Net(f"{op} bias {bias} per channel {per_channel}")
        count = (6,) if per_channel else ()
        b = net.const(net.random((9, 6), "i1"))
        b_scale, b_zero = net.const(net.random(count, low=0.001,
                                               high=0.02)), net.const(net.rng.integers(0, 4, count), "i1")
        c = [net.const(net.random((6,)))] if bias else []
        if op == "DynamicQuantizeMatMul":
            yield net.output(net(op, net.input((2, 9)), b, b_scale, b_zero, *c))
        else:
            yield net.output(
                net(op, net.input((2, 9), "u1"), b, net.const(np.float32(0.02)), b_scale, net.const(99, "u1"),
                    b_zero, *c))

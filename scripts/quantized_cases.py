"""Cases of check_operators.py: quantization itself, and QDQ and QOperator forms of all but dot products."""
import itertools

import numpy as np

from operator_cases import BROADCASTS, DILATED_POOLS, POOLS
from operator_net import Net, operator
from quantized_dot_cases import (ACTS, PAIRS, S8, S8_FINE, S8_LOW, S8_ZERO, SCHEMES, U8, U8_FINE, U8_HIGH,
                                 U8_ZERO, DotWeights, finish, scaled)


# ---- elementwise


@operator("QuantizeLinear")
def quantize_linear():
    for k, act in enumerate(ACTS):
        for opset in (10, 13, 21):
            net = Net(f"{act} opset {opset}", opset)
            yield net.output(net.quantize(net.input((2, 3, 7), low=-4, high=4), act))
    special = np.array([0.0, -0.0, 1e30, -1e30, np.inf, -np.inf, 0.0125, 0.0375, -0.0125, 3.1375], np.float32)
    for act in (("u1", 0.025, 3), ("i1", 0.025, 3)):
        net = Net(f"special {act}", 13)
        yield net.output(net.quantize(net.input((10,), values=special), act))
    for (shape, axis), dtype in itertools.product([((2, 3, 4, 5), 1), ((2, 3, 4, 5), -1), ((3, 7), 0)],
                                                  ("u1", "i1")):
        net = Net(f"{shape} axis {axis} {dtype}", 13)
        count = shape[axis]
        scale, zero = net.const(net.random((count,), low=0.01,
                                           high=0.05)), net.const(net.random((count,), dtype))
        q = net("QuantizeLinear", net.input(shape), scale, zero, axis=axis)
        yield net.output(q, net("DequantizeLinear", q, scale, zero, axis=axis))
    net = Net("no zero point", 13)
    yield net.output(net("QuantizeLinear", net.input((2, 3)), net.const(np.float32(0.03))))
    net = Net("output_dtype", 21)
    yield net.output(net("QuantizeLinear", net.input((2, 3)), net.const(np.float32(0.03)), output_dtype=3))
    net = Net("scale of shape (1)", 13)
    yield net.output(net("QuantizeLinear", net.input((2, 3)), net.const([0.03]), net.const([9], "u1")))
    net = Net("scale at run time", 13)
    yield net.output(
        net("QuantizeLinear", net.input((2, 3)), net.input((), low=0.01, high=0.02), net.const(9, "u1")))


@operator("DequantizeLinear")
def dequantize_linear():
    for act in ACTS:
        net = Net(f"{act}", 10)
        yield net.output(net.dequantize(net.input((2, 3, 7), act[0]), act))
    for (shape, axis), dtype in itertools.product([((2, 3, 4, 5), 1), ((2, 3, 4, 5), -2), ((3, 7), 0)],
                                                  ("u1", "i1", "i4")):
        net = Net(f"{shape} axis {axis} {dtype}", 13)
        count = shape[axis]
        zero = net.const(np.zeros(count), dtype) if dtype == "i4" else net.const(net.random((count,), dtype))
        yield net.output(
            net("DequantizeLinear", net.input(shape, dtype, -99, 99),
                net.const(net.random((count,), low=0.01, high=0.05)), zero, axis=axis))
    net = Net("int32, no zero point", 13)
    yield net.output(
        net("DequantizeLinear", net.input((2, 3), "i4", -2**31, 2**31 - 1), net.const(np.float32(0.003))))
    for first, second in [(U8, U8), (U8, U8_FINE), (S8, S8_FINE), (U8, S8), (S8, U8)]:
        net = Net(f"requantize {first} {second}", 13)
        yield net.output(net.qdq(net.qdq_input((2, 3, 9), first), second))
        net = Net(f"requantize bytes {first} {second}", 13)
        yield net.output(net.quantize(net.dequantize(net.input((2, 3, 99), first[0]), first), second))


def binary_qdq(op):
    def cases():
        for k, (a, b) in enumerate(BROADCASTS):
            for constant in (None, 0, 1):
                source, target = PAIRS[(k + 3 * (constant or 0)) % len(PAIRS)]
                net = Net(f"{a} {b} constant {constant}: {source} {target}", 13)
                names = []
                for i, shape in enumerate((a, b)):
                    act = scaled(source, 0.83) if i else source
                    if constant == i:
                        names.append(net.qconst(net.random(shape, act[0]), act[0], act[1], act[2]))
                    else:
                        names.append(net.qdq_input(shape, act))
                y = net(op, *names)
                yield finish(net,
                             net("Relu", y) if k % 4 == 3 else y, scaled(target, 2), (k + bool(constant)) % 2)
        for act in (U8, S8):
            net = Net(f"float constant: {act}", 13)
            yield finish(net,
                         net(op, net.qdq_input((1, 3, 4, 4), act), net.const(net.random((3, 1, 1), low=0.5))),
                         scaled(act, 2), 1)
            net = Net(f"scalar float constant: {act}", 13)
            yield finish(net, net(op, net.const(np.float32(1.7)), net.qdq_input((1, 3, 4, 4), act, low=0.5)),
                         scaled(act, 2), 1)
            net = Net(f"twice the same: {act}", 13)
            x = net.qdq_input((1, 3, 4, 4), act, low=0.5)
            yield finish(net, net(op, x, x), scaled(act, 2), 1)
            net = Net(f"no quantize after: {act}", 13)
            yield net.output(net(op, net.qdq_input((1, 3, 4, 4), act), net.qdq_input((1, 3, 4, 4), act)))
        net = Net("u8 and s8", 13)
        yield finish(net, net(op, net.qdq_input((1, 3, 4, 4), U8), net.qdq_input((1, 3, 4, 4), S8)), U8, 1)

    return cases


for op in ("Add", "Sub", "Mul", "Div"):
    operator(f"{op} QDQ")(binary_qdq(op))


def tied(net, act, shared):
    """x on a grid where later sums are rounding ties, and x again for a second reader.

    ONNX Runtime computes with u8 where one quantize has one dequantize with one reader, else with s8 or in
    float: ties tell these apart."""
    q = net.quantize(net.input((1, 8, 12, 12)), act)
    x = net.dequantize(q, act)
    if shared == "two dequantizes":
        return x, net.dequantize(q, act)
    return (x, x) if shared == "one dequantize" else (x, None)


@operator("ties QDQ")
def ties():
    for op, dtype, first, second in itertools.product(("Add", "Mul", "AveragePool"), ("u1", "i1"),
                                                      ("alone", "one dequantize", "two dequantizes"),
                                                      ("alone", "one dequantize")):
        if op == "AveragePool" and second != "alone":
            continue
        for tail in ("alone", "read twice", "output"):
            net = Net(f"{op} {dtype} first {first}, second {second}, result {tail}", 13)
            x, again = tied(net, (dtype, 1 / 32, -7 if dtype == "i1" else 121), first)
            results = [] if again is None else [net("Relu", again)]
            if op == "AveragePool":
                y = net(op, x, kernel_shape=[2, 2], strides=[1, 1])
            else:
                other, again = tied(net, (dtype, 1 / 32, 3), second)
                results += [] if again is None else [net("Relu", again)]
                y = net(op, x, other)
            target = (dtype, {"Add": 1 / 16, "Mul": 1 / 32, "AveragePool": 1 / 32}[op], 5)
            q = net.quantize(y, target)
            if tail == "output":
                results.append(q)
            else:
                z = net.dequantize(q, target)
                results += [net("Relu", z)] + ([net("Neg", z)] if tail == "read twice" else [])
            yield net.output(*results)


def qlinear_binary(op):
    def cases():
        for k, (a, b) in enumerate(BROADCASTS):
            for constant, (source, target) in itertools.product((None, 0, 1), ((U8, U8_FINE), (S8, S8_FINE))):
                net = Net(f"{a} {b} constant {constant}: {source}", 13)
                inputs = []
                for i, shape in enumerate((a, b)):
                    act = scaled(source, 0.83) if i else source
                    inputs.append(
                        net.const(net.random(shape, act[0])) if constant == i else net.input(shape, act[0]))
                    inputs += net.params(*act[1:], act[0])
                yield net.output(net(op, *inputs, *net.params(target[1] * 2, target[2], target[0])))

    return cases


for op in ("QLinearAdd", "QLinearMul"):
    operator(op)(qlinear_binary(op))

UNARY = [("Relu", {}), ("Sigmoid", {}), ("Tanh", {}), ("LeakyRelu", dict(alpha=0.1)), ("HardSigmoid", {}),
         ("HardSigmoid", dict(alpha=1 / 6)), ("HardSwish", {}), ("Identity", {}), ("Erf", {}), ("Exp", {}),
         ("Abs", {}), ("Neg", {}), ("Elu", {}), ("Softplus", {}), ("Softmax", dict(axis=-1)),
         ("Softmax", dict(axis=1)), ("Sqrt", {}), ("GlobalAveragePool", {}), ("Flatten", {})]


def unary_qdq(op, attributes):
    def cases():
        for k, (source, target) in enumerate(PAIRS):
            net = Net(f"{attributes} {source} {target}", 14)
            target = ("u1", 1 / 256, 0) if op == "Softmax" and k < 2 else target
            yield finish(
                net,
                net(op, net.qdq_input((2, 3, 9, 11), source, 0.01 if op == "Sqrt" else -4, 4), **attributes),
                target, k % 2)

    return cases


for op, attributes in UNARY:
    operator(f"{op} QDQ")(unary_qdq(op, attributes))


@operator("HardSwish QDQ")
def swish_qdq():
    for k, (source, target) in enumerate(PAIRS):
        net = Net(f"x * sigmoid(x): {source} {target}")
        x = net.qdq_input((1, 3, 9, 9), source)
        yield finish(net, net("Mul", x, net("Sigmoid", x)), target, k % 2)
        net = Net(f"x * qdq(sigmoid(x)): {source} {target}")
        x = net.qdq_input((1, 3, 9, 9), source)
        yield finish(
            net,
            net("Mul", x, net.qdq(net("Sigmoid", x), (target[0], 1 / 256, 0 if target[0] == "u1" else -128))),
            target, k % 2)
        net = Net(f"x * relu6(x + 3) / 6: {source} {target}")
        x = net.qdq_input((1, 3, 9, 9), source)
        y = net("Clip", net("Add", x, net.const(np.float32(3))), net.const(np.float32(0)),
                net.const(np.float32(6)))
        yield finish(net, net("Div", net("Mul", x, y), net.const(np.float32(6))), target, k % 2)


@operator("Clip QDQ")
def clip_qdq():
    for k, ((source, target),
            (low, high)) in enumerate(itertools.product(PAIRS, [(0, 6), (-0.7, 0.9), (0, None), (-9, 9)])):
        net = Net(f"{low} {high} {source} {target}", 13)
        limits = [None if v is None else net.const(np.float32(v)) for v in (low, high)]
        yield finish(net, net("Clip", net.qdq_input((2, 3, 9), source), *limits), target, k % 2)


@operator("PRelu QDQ")
def prelu_qdq():
    for k, ((source, target),
            slope) in enumerate(itertools.product(PAIRS[:4], [(3, 1, 1), (1,),
                                                              (1, 3, 1, 1), "dequantized"])):
        net = Net(f"{slope} {source} {target}", 16)
        if slope == "dequantized":
            s = net.qconst(net.random((3, 1, 1), "i1"), "i1", 0.004, 0)
        else:
            s = net.const(net.random(slope, low=-0.5, high=0.5))
        yield finish(net, net("PRelu", net.qdq_input((2, 3, 4, 5), source), s), target, k % 2)


@operator("BatchNormalization QDQ")
def batch_normalization_qdq():
    for k, (source, target) in enumerate(PAIRS):
        net = Net(f"{source} {target}", 15)
        parameters = [net.const(net.random((5,), low=0.3, high=1.2)) for _ in range(4)]
        yield finish(net, net("BatchNormalization", net.qdq_input((2, 5, 4, 4), source), *parameters), target,
                     k % 2)
        net = Net(f"after Conv {source} {target}", 15)
        w = DotWeights(net, (5, 3, 3, 3), 0, SCHEMES[0], 27)
        y = net("Conv", net.qdq_input((1, 3, 6, 6), source), w.dequantized(), *w.biases(source[1]))
        yield finish(
            net,
            net("BatchNormalization", y,
                *(net.const(net.random((5,), low=0.3, high=1.2)) for _ in range(4))), target, k % 2)


def qlinear_unary(op, attributes):
    def cases():
        for source, target in [(U8, U8_FINE), (S8, S8_FINE), (U8_ZERO, U8_HIGH), (S8_LOW, S8_ZERO)]:
            net = Net(f"{attributes} {source} {target}")
            yield net.output(
                net(op, net.input((3, 200), source[0]), *net.params(*source[1:], source[0]),
                    *net.params(*target[1:], target[0]), **attributes))
            net = Net(f"{attributes} {source} no zero points")
            if source[0] == "u1":
                yield net.output(
                    net(op, net.input((3, 200), source[0]), net.const(np.float32(source[1])), None,
                        net.const(np.float32(target[1])), None, **attributes))

    return cases


operator("QLinearSigmoid")(qlinear_unary("QLinearSigmoid", {}))
operator("QLinearLeakyRelu")(qlinear_unary("QLinearLeakyRelu", dict(alpha=0.2)))
operator("QLinearLeakyRelu")(qlinear_unary("QLinearLeakyRelu", {}))


@operator("QLinearSoftmax")
def qlinear_softmax():
    for k, (source, target, axis, opset) in enumerate(
            itertools.product((U8, S8), (("", 1 / 256, 0), ("", 1 / 255, 0), ("", 0.00391, -5)), (-1, 1, 0),
                              (11, 13))):
        zero = target[2] if source[0] == "u1" else target[2] - 128 + 2 * (k % 3)
        net = Net(f"{source} {target} axis {axis} opset {opset}")
        yield net.output(
            net("QLinearSoftmax", net.input((3, 10, 4), source[0]), *net.params(*source[1:], source[0]),
                *net.params(target[1],
                            abs(zero) if source[0] == "u1" else max(zero, -128), source[0]), axis=axis,
                opset=opset))


# ---- windows and movement


@operator("AveragePool QDQ")
def average_pool_qdq():
    for k, (name, shape, attributes) in enumerate(POOLS):
        for j, include in enumerate((0, 1)):
            source, target = PAIRS[(k + 5 * j) % len(PAIRS)]
            net = Net(f"{name} count_include_pad {include}: {source} {target}", 13)
            yield finish(
                net, net("AveragePool", net.qdq_input(shape, source), count_include_pad=include,
                         **attributes), target, k % 2)


@operator("QLinearAveragePool")
def qlinear_average_pool():
    for k, (name, shape, attributes) in enumerate(POOLS):
        for include, last, (source, target) in itertools.product((0, 1), (0, 1),
                                                                 ((U8, U8_FINE), (S8, S8_FINE))):
            if (k + include + last) % 2 and source is U8:
                continue
            net = Net(f"{name} count_include_pad {include} channels_last {last}: {source}")
            x = (shape[0], *shape[2:], shape[1]) if last else shape
            yield net.output(
                net("QLinearAveragePool", net.input(x, source[0]), *net.params(*source[1:], source[0]),
                    *net.params(*target[1:], target[0]), count_include_pad=include, channels_last=last,
                    **attributes))


@operator("QLinearGlobalAveragePool")
def qlinear_global_average_pool():
    for shape, last, (source, target) in itertools.product([(1, 5, 7, 7), (2, 17, 4, 3), (1, 3, 1, 1),
                                                            (2, 64, 5, 5)], (0, 1),
                                                           ((U8, U8_FINE), (S8, S8_FINE))):
        net = Net(f"{shape} channels_last {last}: {source}")
        yield net.output(
            net("QLinearGlobalAveragePool", net.input(shape, source[0]), *net.params(*source[1:], source[0]),
                *net.params(*target[1:], target[0]), channels_last=last))


@operator("MaxPool QDQ")
def max_pool_qdq():
    for k, (name, shape, attributes) in enumerate(POOLS + DILATED_POOLS):
        source, target = PAIRS[k % len(PAIRS)]
        net = Net(f"{name}: {source} {target}", 13)
        yield finish(net, net("MaxPool", net.qdq_input(shape, source), **attributes),
                     target if k % 3 else source, k % 2)


@operator("ReduceMean QDQ")
def reduce_mean_qdq():
    for k, (op, axes, keep) in enumerate(
            itertools.product(("ReduceMean", "ReduceMax"), ([2, 3], [1], [-1], [0, 2, 3]), (0, 1))):
        source, target = PAIRS[k % len(PAIRS)]
        net = Net(f"{op} {axes} keepdims {keep}: {source} {target}", 13)
        yield finish(net, net(op, net.qdq_input((2, 5, 4, 3), source), axes=axes, keepdims=keep),
                     target if k % 2 else source, k % 2)


@operator("Concat QDQ")
def concat_qdq():
    for k, (first, second, target) in enumerate([(U8, U8, U8), (U8, U8_FINE, U8), (S8, S8_FINE, S8_LOW),
                                                 (S8, S8, S8), (U8, U8_ZERO, U8_HIGH), (U8, S8, U8),
                                                 (S8, U8, S8)]):
        for axis in (1, 2, -1):
            net = Net(f"{first} {second} {target} axis {axis}", 13)
            yield finish(
                net,
                net("Concat", net.qdq_input((1, 3, 4, 4), first), net.qdq_input((1, 3, 4, 4), second),
                    axis=axis), target, k % 2)
    net = Net("of Convs, with a constant", 13)
    x, parts = net.qdq_input((1, 3, 5, 5), U8), []
    for factor in (0.9, 1.3):
        w = DotWeights(net, (4, 3, 1, 1), 0, SCHEMES[0], 3)
        parts.append(net.qdq(net("Conv", x, w.dequantized(), *w.biases(U8[1])), scaled(U8, factor)))
    parts.append(net.qconst(net.random((1, 2, 5, 5), "u1"), "u1", 0.02, 100))
    yield finish(net, net("Concat", *parts, axis=1), scaled(U8, 1.3), 1)
    net = Net("of one, and read twice", 13)
    x = net.qdq_input((1, 3, 5, 5), S8)
    y = net.qdq(net("Concat", x, x, axis=1), scaled(S8, 1.1))
    yield net.output(y, net.qdq(net("Relu", y), S8_LOW))


@operator("QLinearConcat")
def qlinear_concat():
    for axis, parts, target in [(1, [U8, U8_FINE], U8), (0, [U8, U8, U8_ZERO], U8), (-1, [S8,
                                                                                          S8_FINE], S8_LOW),
                                (1, [S8_ZERO], S8)]:
        net = Net(f"axis {axis} {parts} {target}")
        inputs = list(net.params(*target[1:], target[0]))
        for act in parts:
            inputs += [net.input((2, 3, 5, 4), act[0]), *net.params(*act[1:], act[0])]
        yield net.output(net("QLinearConcat", *inputs, axis=axis))


MOVES = [
    ("Reshape", lambda net, x: net("Reshape", x, net.ints(0, -1, 4))),
    ("Transpose", lambda net, x: net("Transpose", x, perm=[0, 2, 3, 1])),
    ("Slice",
     lambda net, x: net("Slice", x, net.ints(2, -1), net.ints(5, -99), net.ints(1, 3), net.ints(1, -1))),
    ("Squeeze", lambda net, x: net("Squeeze", x, net.ints(0))),
    ("Unsqueeze", lambda net, x: net("Unsqueeze", x, net.ints(1))),
    ("Flatten", lambda net, x: net("Flatten", x)),
    ("Gather", lambda net, x: net("Gather", x, net.const(np.array([5, -6, 2])), axis=1)),
    ("Pad", lambda net, x: net("Pad", x, net.ints(0, 0, 1, 2, 0, 0, 0, 1))),
    ("Pad", lambda net, x: net("Pad", x, net.ints(0, 0, 1, 2, 0, 0, 0, 1), net.const(np.float32(-1.3)))),
    ("Pad", lambda net, x: net("Pad", x, net.ints(0, 0, 1, 2, 0, 0, 0, 1), mode="reflect")),
    ("Resize",
     lambda net, x: net("Resize", x, None, net.const(np.array([1, 1, 2, 2], np.float32)), mode="nearest",
                        coordinate_transformation_mode="asymmetric", nearest_mode="floor")),
    ("Resize",
     lambda net, x: net("Resize", x, None, net.const(np.array([1, 1, 2, 2], np.float32)), mode="linear")),
    ("Resize", lambda net, x: net("Resize", x, None, None, net.ints(1, 6, 7, 3), mode="linear",
                                  coordinate_transformation_mode="align_corners")),
    ("Identity", lambda net, x: net("Identity", x)),
    ("Dropout", lambda net, x: net("Dropout", x)),
    ("Expand", lambda net, x: net("Expand", x, net.ints(2, 6, 4, 4))),
]


def moves_qdq(op, move, number):
    def cases():
        for k, (source, target) in enumerate([(U8, U8), (S8, S8), (U8, U8_FINE), (S8, S8_LOW), (U8, S8)]):
            net = Net(f"form {number}: {source} {target}", 13)
            yield finish(net, move(net, net.qdq_input((1, 6, 4, 4), source)), target, k % 2)
            net = Net(f"form {number} between Convs: {source} {target}", 13)
            w = DotWeights(net, (6, 3, 3, 3), 0, SCHEMES[0], 27)
            y = net("Conv", net.qdq_input((1, 3, 6, 6), source), w.dequantized(), *w.biases(source[1]))
            yield finish(net, net("Relu", net.qdq(move(net, net.qdq(y, source)), target)), target, 1)

    return cases


for number, (op, move) in enumerate(MOVES):
    operator(f"{op} QDQ")(moves_qdq(op, move, number))


@operator("Split QDQ")
def split_qdq():
    for k, (source, target) in enumerate([(U8, U8), (S8, S8), (U8, U8_FINE), (S8, S8_LOW)]):
        net = Net(f"{source} {target}", 13)
        parts = net("Split", net.qdq_input((1, 6, 4, 4), source), net.ints(2, 4), outputs=2, axis=1)
        yield net.output(net.quantize(parts[0], target), net.qdq(parts[1], target))
        net = Net(f"then Conv and Concat: {source} {target}", 13)
        a, b = net("Split", net.qdq_input((1, 8, 4, 4), source), outputs=2, axis=1)
        w = DotWeights(net, (4, 4, 1, 1), 0, SCHEMES[0], 4)
        b = net.qdq(net("Conv", net.qdq(b, source), w.dequantized(), *w.biases(source[1])), target)
        yield finish(net, net("Concat", net.qdq(a, source), b, axis=1), target, 1)


@operator("opsets")
def opsets():
    """One network at every opset that ONNX Runtime knows, in float and from opset 10 on as QDQ."""
    for opset, quantized in itertools.product(range(7, 27), (False, True)):
        if quantized and opset < 10:
            continue
        net = Net(f"{opset}{' QDQ' if quantized else ''}", opset)
        q = (lambda x: net.qdq(x, U8)) if quantized else lambda x: x
        w = DotWeights(net, (6, 3, 3, 3), 0, ("i1", False, 0, "s32"), 27)
        weights = [w.dequantized(), *w.biases(U8[1])] if quantized else [net.const(net.weights((6, 3, 3, 3)))]
        x = q(net("Relu", net("Conv", q(net.input((1, 3, 8, 8))), *weights, pads=[1, 1, 1, 1])))
        x = q(net("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2]))
        x = q(net("Add", x, q(net("AveragePool", x, kernel_shape=[3, 3], pads=[1, 1, 1, 1]))))
        x = net("Flatten", q(net("GlobalAveragePool", net("Concat", x, q(net("Sigmoid", x)), axis=1))))
        x = net("Gemm", x, net.const(net.random((12, 5))), net.const(net.random((5,))))
        yield net.output(
            net("Softmax", net("Reshape", net("Transpose", x, perm=[1, 0]), net.ints(1, -1)), axis=1))

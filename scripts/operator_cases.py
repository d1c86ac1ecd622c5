"""Cases of check_operators.py: float and integer operators, across opsets, sizes and attribute forms."""
import itertools

import numpy as np

from operator_net import Net, all_cases, operator  # noqa: F401 (check_operators.py takes all_cases from here)

# name, input shape, output channels, kernel, attributes; the quantized cases use the same table
CONVS = [
    ("1x1", (1, 3, 5, 5), 7, (1, 1), {}),
    ("1x1 wide", (2, 17, 4, 3), 33, (1, 1), {}),
    ("1x1 one pixel", (1, 9, 1, 1), 5, (1, 1), {}),
    ("1x1 stride 2", (1, 8, 7, 5), 16, (1, 1), dict(strides=[2, 2])),
    ("3x3", (1, 3, 8, 8), 8, (3, 3), dict(pads=[1, 1, 1, 1])),
    ("3x3 one channel", (3, 1, 9, 7), 1, (3, 3), {}),
    ("3x3 asymmetric pads", (1, 5, 6, 7), 9, (3, 3), dict(pads=[0, 1, 2, 1], strides=[2, 1])),
    ("3x3 pads over kernel", (1, 2, 4, 4), 3, (3, 3), dict(pads=[3, 4, 3, 5])),
    ("kernel over input", (1, 3, 2, 3), 4, (5, 5), dict(pads=[2, 2, 2, 2])),
    ("same upper", (1, 3, 7, 8), 4, (3, 3), dict(auto_pad="SAME_UPPER", strides=[2, 2])),
    ("same lower", (1, 3, 7, 8), 4, (2, 4), dict(auto_pad="SAME_LOWER", strides=[1, 2])),
    ("same upper 5x2", (2, 3, 9, 8), 5, (5, 2), dict(auto_pad="SAME_UPPER", strides=[3, 2])),
    ("valid", (1, 3, 7, 8), 4, (3, 2), dict(auto_pad="VALID", strides=[2, 2])),
    ("notset", (1, 3, 7, 8), 4, (3, 2), dict(auto_pad="NOTSET", pads=[1, 0, 0, 1])),
    ("dilated", (1, 4, 9, 9), 6, (3, 3), dict(dilations=[2, 3], pads=[2, 3, 2, 3])),
    ("stride over kernel", (1, 4, 9, 9), 6, (2, 2), dict(strides=[3, 4])),
    ("7x7 stem", (1, 3, 17, 17), 16, (7, 7), dict(strides=[2, 2], pads=[3, 3, 3, 3])),
    ("rows", (1, 6, 8, 5), 4, (3, 1), dict(pads=[1, 0, 1, 0])),
    ("columns", (1, 6, 5, 8), 12, (1, 5), dict(pads=[0, 2, 0, 2])),
    ("group 2", (1, 6, 6, 5), 10, (3, 3), dict(group=2, pads=[1, 1, 1, 1])),
    ("group 3, one input each", (1, 3, 6, 5), 9, (3, 3), dict(group=3)),
    ("group 4 1x1", (2, 16, 3, 3), 8, (1, 1), dict(group=4)),
    ("group to one output", (1, 8, 4, 4), 4, (2, 2), dict(group=4)),
    ("depthwise 3x3", (1, 17, 8, 7), 17, (3, 3), dict(group=17, pads=[1, 1, 1, 1])),
    ("depthwise 3x3 stride 2", (2, 8, 9, 9), 8, (3, 3), dict(group=8, strides=[2, 2], pads=[1, 1, 1, 1])),
    ("depthwise 3x3 same lower", (1, 32, 6, 6), 32, (3, 3),
     dict(group=32, strides=[2, 2], auto_pad="SAME_LOWER")),
    ("depthwise 5x5", (1, 9, 7, 7), 9, (5, 5), dict(group=9, pads=[2, 2, 2, 2])),
    ("depthwise 5x5 stride 2", (1, 24, 8, 6), 24, (5, 5), dict(group=24, strides=[2, 2], pads=[1, 2, 2, 1])),
    ("depthwise dilated", (1, 5, 9, 9), 5, (3, 3), dict(group=5, dilations=[2, 2], pads=[2, 2, 2, 2])),
    ("depthwise 1x1", (1, 7, 3, 3), 7, (1, 1), dict(group=7)),
    ("depthwise over input", (1, 16, 2, 1), 16, (3, 3), dict(group=16, pads=[1, 1, 1, 1])),
    ("depthwise 2x3", (1, 12, 5, 5), 12, (2, 3), dict(group=12, pads=[1, 1, 0, 1])),
    ("depth multiplier 2", (1, 5, 6, 6), 10, (3, 3), dict(group=5, pads=[1, 1, 1, 1])),
    ("depth multiplier 4", (1, 8, 5, 5), 32, (3, 3), dict(group=8)),
    ("one channel to many", (1, 1, 8, 8), 17, (3, 3), dict(pads=[1, 1, 1, 1], strides=[2, 2])),
    ("1-D", (1, 3, 16), 5, (3,), dict(pads=[1, 1])),
    ("1-D batch stride", (3, 8, 15), 9, (5,), dict(strides=[2], pads=[0, 4])),
    ("1-D same", (1, 4, 17), 6, (4,), dict(strides=[3], auto_pad="SAME_UPPER")),
    ("1-D dilated", (1, 4, 17), 6, (3,), dict(dilations=[4], pads=[8, 0])),
    ("1-D depthwise", (1, 16, 20), 16, (9,), dict(group=16, pads=[4, 4])),
    ("1-D depthwise stride", (2, 7, 20), 7, (3,), dict(group=7, strides=[2], pads=[1, 1])),
    ("1-D 1", (2, 17, 9), 3, (1,), {}),
    ("large", (1, 48, 6, 6), 64, (3, 3), dict(pads=[1, 1, 1, 1])),
]


def weight_shape(x, outputs, kernel, attributes):
    return (outputs, x[1] // attributes.get("group", 1), *kernel)


@operator("Conv")
def conv():
    for k, (name, x, outputs, kernel, attributes) in enumerate(CONVS):
        for bias in (True, False) if k % 3 == 0 else (k % 2 == 0,):
            net = Net(f"{name}{', bias' if bias else ''}", opset=(7, 11, 13, 22)[k % 4])
            inputs = [net.input(x), net.const(net.weights(weight_shape(x, outputs, kernel, attributes)))]
            if bias:
                inputs.append(net.const(net.random((outputs,))))
            yield net.output(net("Conv", *inputs, **attributes))
    net = Net("kernel_shape given, weights at run time")
    yield net.output(
        net("Conv", net.input((1, 3, 6, 6)), net.input((4, 3, 3, 3)), net.input((4,)), kernel_shape=[3, 3]))
    net = Net("shared weights")
    w = net.const(net.weights((4, 4, 3, 3)))
    x = net("Relu", net("Conv", net.input((1, 4, 6, 6)), w, pads=[1, 1, 1, 1]))
    yield net.output(net("Conv", x, w), x)
    for name, op, attributes in [("Relu", "Relu", {}), ("LeakyRelu", "LeakyRelu", dict(alpha=0.2)),
                                 ("Sigmoid", "Sigmoid", {}), ("Tanh", "Tanh", {}),
                                 ("HardSwish", "HardSwish", {}), ("HardSigmoid", "HardSigmoid", {})]:
        net = Net(f"then {name}")
        yield net.output(
            net(op, net("Conv", net.input((1, 3, 6, 6)), net.const(net.weights((9, 3, 3, 3)))), **attributes))
    for order in (0, 1):
        net = Net(f"residual as input {order} of Add, Relu")
        x = net.input((1, 5, 6, 6))
        y = net("Conv", x, net.const(net.weights((5, 5, 3, 3))), net.const(net.random((5,))),
                pads=[1, 1, 1, 1])
        yield net.output(net("Relu", net("Add", *((x, y) if order == 0 else (y, x)))))


@operator("ConvTranspose")
def conv_transpose():
    table = [
        ("2x2 stride 2", (1, 4, 5, 5), 6, (2, 2), dict(strides=[2, 2])),
        ("3x3", (2, 3, 4, 5), 5, (3, 3), {}),
        ("3x3 pads", (1, 3, 4, 5), 5, (3, 3), dict(pads=[1, 1, 1, 1], strides=[2, 2])),
        ("asymmetric pads", (1, 3, 4, 5), 5, (3, 4), dict(pads=[0, 1, 2, 1], strides=[2, 3])),
        ("output_padding", (1, 3, 4, 5), 5, (3, 3),
         dict(pads=[1, 1, 1, 1], strides=[2, 2], output_padding=[1, 1])),
        ("output_shape", (1, 3, 4, 5), 5, (3, 3), dict(strides=[2, 2], output_shape=[8, 10])),
        ("same upper", (1, 3, 4, 5), 5, (3, 3), dict(strides=[2, 2], auto_pad="SAME_UPPER")),
        ("same lower", (1, 3, 4, 5), 5, (3, 3), dict(strides=[2, 2], auto_pad="SAME_LOWER")),
        ("dilated", (1, 3, 4, 5), 5, (3, 3), dict(dilations=[2, 2])),
        ("group", (1, 6, 4, 5), 4, (3, 3), dict(group=2, strides=[2, 2])),
        ("depthwise", (1, 8, 4, 5), 8, (4, 4), dict(group=8, strides=[2, 2], pads=[1, 1, 1, 1])),
        ("1-D", (1, 4, 9), 6, (4,), dict(strides=[2], pads=[1, 1])),
        ("stride over kernel", (1, 3, 3, 3), 4, (2, 2), dict(strides=[3, 3])),
    ]
    for k, (name, x, outputs, kernel, attributes) in enumerate(table):
        net = Net(name, opset=(7, 11, 22)[k % 3])
        w = net.const(net.random((x[1], outputs // attributes.get("group", 1), *kernel), "f4", -0.5, 0.5))
        bias = [net.const(net.random((outputs,)))] if k % 2 == 0 else []
        yield net.output(net("ConvTranspose", net.input(x), w, *bias, **attributes))


# ---- matrices

GEMMS = [(a, b, alpha, beta) for a, b in itertools.product((0, 1), repeat=2)
         for alpha, beta in [(1.0, 1.0), (0.5, 2.0)]]


@operator("Gemm")
def gemm():
    shapes = [("(N)", (7,)), ("(1,N)", (1, 7)), ("(M,1)", (3, 1)), ("(M,N)", (3, 7)), ("scalar", ()),
              ("(1)", (1,)), ("none", None)]
    for k, ((trans_a, trans_b, alpha, beta), (name, shape)) in enumerate(itertools.product(GEMMS, shapes)):
        if k % 2 and alpha != 1:
            continue
        opset = 13 if shape is None else (7, 9, 11, 13)[k % 4]
        net = Net(f"transA {trans_a} transB {trans_b} alpha {alpha} beta {beta} C {name}", opset)
        a, b = net.input((5, 3) if trans_a else (3, 5)), net.const(net.random((7, 5) if trans_b else (5, 7)))
        c = [] if shape is None else [net.const(net.random(shape))]
        yield net.output(net("Gemm", a, b, *c, transA=trans_a, transB=trans_b, alpha=alpha, beta=beta))
    for rows, inner, columns in [(1, 1, 1), (1, 17, 33), (2, 64, 10), (5, 9, 1)]:
        net = Net(f"{rows}x{inner}x{columns}")
        yield net.output(
            net("Gemm", net.input((rows, inner)), net.const(net.random((columns, inner))),
                net.const(net.random((columns,))), transB=1))
    net = Net("all at run time")
    yield net.output(net("Gemm", net.input((3, 4)), net.input((4, 5)), net.input((3, 1)), alpha=-1.5))
    net = Net("beta 0")
    yield net.output(net("Gemm", net.input((3, 4)), net.input((4, 5)), net.input((3, 5)), beta=0.0))


MATMULS = [((3, 5), (5, 4)), ((1, 7), (7, 9)), ((2, 3, 5), (5, 4)), ((2, 3, 5), (2, 5, 4)),
           ((2, 1, 3, 5), (3, 5, 4)), ((3, 5), (2, 5, 4)), ((1, 3, 5), (2, 5, 4)), ((5,), (5, 4)),
           ((3, 5), (5,)), ((5,), (5,)), ((2, 3, 5), (5,)), ((5,), (2, 5, 4)),
           ((2, 3, 17, 33), (2, 3, 33, 9)), ((1, 1), (1, 1)), ((4, 64), (64, 40))]


@operator("MatMul")
def matmul():
    for k, (a, b) in enumerate(MATMULS):
        for constant in (False, True):
            net = Net(f"{a} x {b}{' constant' if constant else ''}", opset=(7, 9, 13)[k % 3])
            right = net.const(net.random(b)) if constant else net.input(b)
            yield net.output(net("MatMul", net.input(a), right))
    net = Net("constant left")
    yield net.output(net("MatMul", net.const(net.random((3, 5))), net.input((2, 5, 4))))
    net = Net("then Add of a bias")
    y = net("MatMul", net.input((2, 3, 8)), net.const(net.random((8, 6))))
    yield net.output(net("Relu", net("Add", net.const(net.random((6,))), y)))
    net = Net("attention")
    q, k, v = (net.input((2, 4, 6)) for _ in range(3))
    scores = net("Softmax", net("MatMul", q, net("Transpose", k, perm=[0, 2, 1])), axis=-1)
    yield net.output(net("MatMul", scores, v))


# ---- elementwise

BROADCASTS = [((1, 5, 7, 3), (1, 5, 7, 3)), ((1, 5, 7, 3), (1, 5, 1, 1)), ((2, 5, 4, 3), (3,)),
              ((1, 5, 7, 3), ()), ((1, 5, 7, 3), (5, 1, 1)), ((1, 5, 1, 3), (2, 1, 7, 1)), ((4,), (3, 4)),
              ((), (2, 3)), ((1,), (1,)), ((1, 16, 6, 6), (1, 16, 1, 1)), ((1, 5, 7, 3), (1, 1, 7, 3)),
              ((), ())]


def binary(op):
    def cases():
        for k, (a, b) in enumerate(BROADCASTS):
            for constant in (None, 0, 1):
                if constant is not None and (k + constant) % 2:
                    continue
                net = Net(f"{a} {b}{'' if constant is None else f', constant {constant}'}",
                          opset=(7, 13, 14)[k % 3])
                names = [
                    net.const(net.random(s, low=0.5)) if constant == i else net.input(
                        s, low=0.5 if i else -3) for i, s in enumerate((a, b))
                ]
                yield net.output(net(op, *names))
        net = Net("int32")
        yield net.output(net(op, net.input((2, 3), "i4", -50, 50), net.input((3,), "i4", 1, 9)))
        net = Net("int64")
        yield net.output(net(op, net.input((2, 3), "i8", -50, 50), net.const(net.random((2, 1), "i8", 1, 9))))

    return cases


for op in ("Add", "Sub", "Mul", "Div"):
    operator(op)(binary(op))


@operator("PRelu")
def prelu():
    for x, slope in [((1, 5, 4, 3), (5, 1, 1)), ((1, 5, 4, 3), (1,)), ((1, 5, 4, 3), (1, 5, 1, 1)),
                     ((2, 5), (5,)), ((1, 5, 4, 3), (5, 4, 3)), ((1, 5, 4, 3), ()), ((1, 5, 4, 3), (3,)),
                     ((2, 17, 9), (17, 1))]:
        net = Net(f"{x} slope {slope}", opset=16)
        yield net.output(net("PRelu", net.input(x), net.const(net.random(slope))))
    net = Net("slope at run time", opset=9)
    yield net.output(net("PRelu", net.input((2, 5, 3)), net.input((5, 1))))


UNARY = [("Relu", {}), ("Sigmoid", {}), ("Tanh", {}), ("LeakyRelu", {}), ("LeakyRelu", dict(alpha=0.3)),
         ("HardSigmoid", {}), ("HardSigmoid", dict(alpha=1 / 6, beta=0.5)), ("HardSwish", {}),
         ("LeakyRelu", dict(alpha=-0.5)), ("Identity", {}), ("Erf", {}), ("Exp", {}), ("Abs", {}),
         ("Neg", {}), ("Elu", {}), ("Softplus", {}), ("Floor", {}), ("Ceil", {}), ("Round", {})]
SPECIAL = np.array(
    [0.0, -0.0, 1e-30, -1e-30, 0.5, -0.5, 1.5, 2.5, 20, -20, 90, -90, 3e38, -3e38, np.inf, -np.inf],
    np.float32)


def unary(op, attributes):
    def cases():
        first = {"HardSwish": 14, "Erf": 9, "Round": 11}.get(op, 7)
        for opset in sorted({first, 13 if first < 13 else first, 22}):
            net = Net(f"{attributes} opset {opset}", opset)
            yield net.output(net(op, net.input((2, 3, 5, 7), low=-9, high=9), **attributes))
        net = Net(f"{attributes} special values", 16)
        yield net.output(net(op, net.input((16,), values=SPECIAL), **attributes))
        for shape in ((), (1,), (17,)):
            net = Net(f"{attributes} {shape}", 16)
            yield net.output(net(op, net.input(shape), **attributes))

    return cases


for op, attributes in UNARY:
    operator(op)(unary(op, attributes))


@operator("Relu")
def relu_integers():
    for dtype in ("i4", "i1"):
        net = Net(dtype, 14)
        yield net.output(net("Relu", net.input((2, 9), dtype, -9, 9)))


@operator("Clip")
def clip():
    for low, high in [(0.0, 6.0), (-1.0, 1.0), (0.0, None), (None, 2.0), (None, None)]:
        net = Net(f"{low} {high} attributes", 7)
        given = {name: value for name, value in (("min", low), ("max", high)) if value is not None}
        yield net.output(net("Clip", net.input((2, 3, 5)), **given))
        for opset in (11, 12, 13):
            net = Net(f"{low} {high} opset {opset}", opset)
            limits = [None if v is None else net.const(np.float32(v)) for v in (low, high)]
            yield net.output(net("Clip", net.input((2, 3, 5)), *limits))
    net = Net("limits at run time", 13)
    yield net.output(
        net("Clip", net.input((2, 3)), net.input((), low=-1, high=0), net.input((), low=0, high=1)))
    for dtype in ("i4", "i8", "u1", "i1"):
        net = Net(dtype, 13)
        yield net.output(
            net("Clip", net.input((2, 30), dtype, -90, 90), net.const(3, dtype), net.const(40, dtype)))
    net = Net("low over high", 13)
    yield net.output(net("Clip", net.input((9,)), net.const(np.float32(1)), net.const(np.float32(-1))))


@operator("Softmax")
def softmax():
    for opset, axes in ((7, (0, 1, 2, 3)), (11, (None, 0, 1, 2, 3, -1, -2)), (13, (None, 0, 1, 2, -1, -3))):
        for axis in axes:
            net = Net(f"opset {opset} axis {axis}", opset)
            yield net.output(
                net("Softmax", net.input((2, 3, 5, 4), low=-8, high=8),
                    **({} if axis is None else dict(axis=axis))))
    for shape in [(1, 10), (1, 1), (3, 17), (2, 1000), (5,)]:
        net = Net(f"{shape}", 13)
        yield net.output(net("Softmax", net.input(shape, low=-8, high=8), axis=-1))
    net = Net("large values", 13)
    yield net.output(net("Softmax", net.input((2, 9), low=-3e3, high=3e3)))


# ---- windows and reductions

POOLS = [
    ("2x2", (1, 3, 6, 6), dict(kernel_shape=[2, 2], strides=[2, 2])),
    ("3x3 pads", (1, 5, 7, 7), dict(kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])),
    ("asymmetric pads", (2, 17, 7, 6), dict(kernel_shape=[3, 2], strides=[1, 2], pads=[0, 1, 2, 0])),
    ("no strides", (1, 9, 5, 5), dict(kernel_shape=[3, 3])),
    ("ceil", (1, 4, 7, 8), dict(kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)),
    ("ceil pads", (1, 4, 6, 8), dict(kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], ceil_mode=1)),
    ("ceil drops a window", (1, 4, 5, 5),
     dict(kernel_shape=[2, 2], strides=[3, 3], pads=[1, 1, 1, 1], ceil_mode=1)),
    ("same upper", (1, 3, 7, 8), dict(kernel_shape=[3, 2], strides=[2, 2], auto_pad="SAME_UPPER")),
    ("same lower", (1, 3, 7, 8), dict(kernel_shape=[2, 3], strides=[1, 2], auto_pad="SAME_LOWER")),
    ("valid", (1, 3, 7, 8), dict(kernel_shape=[2, 3], strides=[1, 2], auto_pad="VALID")),
    ("whole image", (2, 7, 4, 5), dict(kernel_shape=[4, 5])),
    ("1x1 kernel stride", (1, 8, 5, 5), dict(kernel_shape=[1, 1], strides=[2, 2])),
    ("1-D", (1, 6, 15), dict(kernel_shape=[3], strides=[2], pads=[1, 1])),
    ("1-D same", (2, 5, 9), dict(kernel_shape=[4], strides=[4], auto_pad="SAME_UPPER")),
    ("one row", (1, 8, 1, 12), dict(kernel_shape=[1, 3], strides=[1, 2])),
]
DILATED_POOLS = [("dilated", (1, 3, 9, 9), dict(kernel_shape=[3, 3], dilations=[2, 2])),
                 ("dilated ceil", (1, 3, 9, 8),
                  dict(kernel_shape=[2, 3], dilations=[3, 2], strides=[2, 2], ceil_mode=1))]


@operator("MaxPool")
def max_pool():
    for name, shape, attributes in POOLS + DILATED_POOLS:
        for dtype, opset in (("f4", 10), ("f4", 22), ("u1", 12), ("i1", 12)):
            net = Net(f"{name} {dtype} opset {opset}", opset)
            yield net.output(net("MaxPool", net.input(shape, dtype), **attributes))
    net = Net("opset 8", 8)
    yield net.output(
        net("MaxPool", net.input((1, 3, 6, 6)), kernel_shape=[3, 3], pads=[1, 1, 1, 1], storage_order=0))


@operator("AveragePool")
def average_pool():
    for k, (name, shape, attributes) in enumerate(POOLS):
        for include in (0, 1):
            net = Net(f"{name}, count_include_pad {include}", (10, 11, 19, 22)[(k + include) % 4])
            yield net.output(net("AveragePool", net.input(shape), count_include_pad=include, **attributes))
    for name, shape, attributes in DILATED_POOLS:
        net = Net(name, 19)
        yield net.output(net("AveragePool", net.input(shape), **attributes))
    net = Net("opset 7", 7)
    yield net.output(net("AveragePool", net.input((1, 3, 6, 6)), kernel_shape=[3, 3], pads=[1, 1, 1, 1]))


@operator("GlobalAveragePool")
def global_average_pool():
    for shape in [(1, 5, 7, 7), (2, 17, 4, 3), (1, 1, 1, 1), (2, 3, 9), (1, 64, 5, 5)]:
        net = Net(f"{shape}", 13)
        yield net.output(net("GlobalAveragePool", net.input(shape)))
    net = Net("then Flatten and Gemm", 13)
    x = net("Flatten", net("GlobalAveragePool", net.input((2, 8, 4, 4))))
    yield net.output(net("Gemm", x, net.const(net.random((8, 3))), net.const(net.random((3,)))))


@operator("ReduceMean")
def reduce_mean():
    for op, axes_input in (("ReduceMean", 18), ("ReduceSum", 13), ("ReduceMax", 18), ("ReduceMin", 18)):
        for opset in (11, axes_input):
            for axes in ([1], [2, 3], [-1], [0, 2], [0, 1, 2, 3], [-2, -3], None):
                for keep in (0, 1):
                    net = Net(f"{op} opset {opset} axes {axes} keepdims {keep}", opset)
                    x = net.input((2, 5, 4, 3))
                    if opset < axes_input:
                        y = net(op, x, keepdims=keep, **({} if axes is None else dict(axes=axes)))
                    else:
                        y = net(op, x, *([] if axes is None else [net.ints(*axes)]), keepdims=keep)
                    yield net.output(y)
    net = Net("noop_with_empty_axes", 18)
    yield net.output(net("ReduceMean", net.input((2, 3)), noop_with_empty_axes=1))


@operator("BatchNormalization")
def batch_normalization():
    def parameters(net, channels):
        return [
            net.const(net.random((channels,), low=low, high=high))
            for low, high in ((-1, 1), (-2, 2), (-1, 1), (0.1, 2))
        ]

    for k, shape in enumerate([(1, 5, 6, 6), (2, 3), (2, 7, 9), (1, 16, 1, 1)]):
        for opset in (7, 9, 14, 15):
            net = Net(f"alone {shape} opset {opset}", opset)
            yield net.output(
                net("BatchNormalization", net.input(shape), *parameters(net, shape[1]),
                    epsilon=(1e-5, 1e-3)[k % 2]))
    for bias in (True, False):
        for tail in ([], ["Relu"]):
            net = Net(f"after Conv, bias {bias} {tail}", 15)
            c = [net.const(net.random((9,)))] if bias else []
            y = net("Conv", net.input((1, 3, 6, 6)), net.const(net.weights((9, 3, 3, 3))), *c)
            y = net("BatchNormalization", y, *parameters(net, 9))
            for op in tail:
                y = net(op, y)
            yield net.output(y)
    net = Net("after depthwise Conv", 15)
    y = net("Conv", net.input((1, 8, 6, 6)), net.const(net.weights((8, 1, 3, 3))), group=8)
    yield net.output(net("BatchNormalization", y, *parameters(net, 8)))
    net = Net("after ConvTranspose", 15)
    y = net("ConvTranspose", net.input((1, 4, 5, 5)), net.const(net.random((4, 6, 2, 2))), strides=[2, 2])
    yield net.output(net("BatchNormalization", y, *parameters(net, 6)))
    net = Net("after Gemm", 15)
    y = net("Gemm", net.input((3, 5)), net.const(net.random((5, 4))), net.const(net.random((4,))))
    yield net.output(net("BatchNormalization", y, *parameters(net, 4)))
    net = Net("before Conv with pads", 15)
    y = net("BatchNormalization", net.input((1, 4, 5, 5)), *parameters(net, 4))
    yield net.output(net("Conv", y, net.const(net.weights((6, 4, 3, 3))), pads=[1, 1, 1, 1]))
    net = Net("Conv read twice", 15)
    y = net("Conv", net.input((1, 4, 5, 5)), net.const(net.weights((4, 4, 1, 1))))
    yield net.output(net("Add", y, net("BatchNormalization", y, *parameters(net, 4))))

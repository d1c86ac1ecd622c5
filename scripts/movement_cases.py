"""Cases of check_operators.py: operators that move or convert elements, and those about shapes."""
import itertools

import numpy as np

from operator_net import Net, operator

INT_MAX, INT64_MAX = 2**31 - 1, 2**63 - 1


@operator("Concat")
def concat():
    for axis, shapes in [(1, [(1, 3, 4, 5), (1, 2, 4, 5)]), (-1, [(2, 3), (2, 5), (2, 1)]),
                         (0, [(1, 3), (4, 3)]), (0, [(3,), (2,)]), (2, [(1, 3, 4, 5), (1, 3, 1, 5)]),
                         (3, [(1, 3, 4, 5), (1, 3, 4, 2)]), (-3, [(2, 3, 4, 5), (2, 8, 4, 5)])]:
        for dtype in ("f4", "u1", "i8"):
            net = Net(f"axis {axis} {shapes} {dtype}", 13)
            yield net.output(net("Concat", *(net.input(s, dtype) for s in shapes), axis=axis))
    net = Net("one input", 11)
    yield net.output(net("Concat", net.input((2, 3)), axis=0))
    net = Net("an input twice and a constant", 11)
    x = net.input((1, 2, 3, 3))
    yield net.output(net("Concat", x, net.const(net.random((1, 1, 3, 3))), x, axis=1))
    net = Net("of Convs, then Conv")
    x = net.input((1, 3, 5, 5))
    parts = [net("Conv", x, net.const(net.weights((c, 3, 3, 3))), pads=[1, 1, 1, 1]) for c in (4, 7, 2)]
    y = net("Concat", *parts, axis=1)
    yield net.output(net("Conv", y, net.const(net.weights((5, 13, 1, 1)))), parts[1])


@operator("Split")
def split():
    for opset in (7, 11, 13, 18):
        for axis, sizes in [(0, [1, 3]), (1, [2, 4, 1]), (-1, [5, 1]), (1, None)]:
            net = Net(f"opset {opset} axis {axis} sizes {sizes}", opset)
            shape = [4, 7, 6]
            if sizes is None:
                shape[axis] = 6
            x, extra = net.input(tuple(shape)), {}
            inputs = [x]
            if sizes and opset < 13:
                extra["split"] = sizes
            elif sizes:
                inputs.append(net.ints(*sizes))
            elif opset >= 18:
                extra["num_outputs"] = 3
            yield net.output(*net("Split", *inputs, outputs=len(sizes) if sizes else 3, axis=axis, **extra))
    net = Net("num_outputs, last one smaller", 18)
    yield net.output(*net("Split", net.input((7, 2)), outputs=3, num_outputs=3))
    net = Net("channels, then Conv and Concat")
    a, b = net("Split", net.input((1, 8, 5, 5)), net.ints(4, 4), outputs=2, axis=1)
    b = net("Conv", b, net.const(net.weights((4, 4, 3, 3))), pads=[1, 1, 1, 1])
    yield net.output(net("Concat", a, b, axis=1))


@operator("Slice")
def slice_():
    for opset, starts, ends, axes in [(7, [1], [3], [0]), (9, [0, -3], [INT_MAX, -1], [0, 2]),
                                      (9, [1, 1], [-1, 4], None)]:
        net = Net(f"opset {opset} {starts} {ends} {axes}", opset)
        extra = {} if axes is None else dict(axes=axes)
        yield net.output(net("Slice", net.input((4, 5, 6)), starts=starts, ends=ends, **extra))
    for k, (starts, ends, axes, steps) in enumerate([([1], [3], [0], None),
                                                     ([0, -3], [INT64_MAX, -1], [0, 2], None),
                                                     ([-1], [-INT_MAX], [1], [-1]),
                                                     ([4], [-INT64_MAX - 1], [2], [-2]),
                                                     ([1, 1], [-1,
                                                               4], None, None), ([0], [INT_MAX], [-1], [2]),
                                                     ([-100], [100], [0], [3]), ([3], [0], [1], [-1]),
                                                     ([5, 3], [0, 0], [2, 1], [-3, -1]),
                                                     ([2], [2], [0], None),
                                                     ([0, 0, 0], [9, 9, 9], [0, 1, 2], [1, 1, 2])]):
        for dtype in ("f4", "i1", "i8"):
            net = Net(f"{starts} {ends} {axes} {steps} {dtype}", (10, 11, 13)[k % 3])
            index = np.int64 if k % 2 == 0 or max(map(abs, ends)) > INT_MAX else np.int32
            given = [
                None if v is None else net.const(np.array(v, index)) for v in (starts, ends, axes, steps)
            ]
            while given[-1] is None:
                given.pop()
            yield net.output(net("Slice", net.input((4, 5, 6), dtype), *given))


@operator("Pad")
def pad():
    shapes = [((2, 3, 4, 5), [0, 1, 2, 0, 0, 0, 1, 3]), ((1, 3, 4, 4), [0, 0, 1, 2, 0, 0, 2, 1]),
              ((5,), [2, 3]), ((4, 5), [0, 2, 1, 0])]
    for mode, (shape, pads) in itertools.product(("constant", "edge", "reflect"), shapes):
        net = Net(f"{mode} {pads} opset 7", 7)
        yield net.output(net("Pad", net.input(shape), mode=mode, pads=pads, value=1.5))
        for opset in (11, 13, 19):
            net = Net(f"{mode} {pads} opset {opset}", opset)
            value = [net.const(np.float32(-2.5))] if mode == "constant" and opset > 11 else []
            yield net.output(net("Pad", net.input(shape), net.ints(*pads), *value, mode=mode))
    net = Net("axes", 18)
    yield net.output(net("Pad", net.input((2, 3, 4)), net.ints(1, 2, 0, 3), None, net.ints(-1, 0)))
    net = Net("negative pads", 13)
    yield net.output(net("Pad", net.input((4, 5)), net.ints(-1, 2, 0, -2)))
    net = Net("wrap", 19)
    yield net.output(net("Pad", net.input((4, 5)), net.ints(1, 2, 0, 3), mode="wrap"))
    for dtype, value in (("u1", 7), ("i1", -3), ("i8", 9)):
        net = Net(dtype, 13)
        yield net.output(
            net("Pad", net.input((1, 2, 3, 3), dtype), net.ints(0, 0, 1, 1, 0, 0, 1, 1),
                net.const(value, dtype)))
    net = Net("before Conv")
    x = net("Pad", net.input((1, 3, 5, 5)), net.ints(0, 0, 1, 1, 0, 0, 2, 1))
    yield net.output(net("Conv", x, net.const(net.weights((4, 3, 3, 3))), strides=[2, 2]))


@operator("Reshape")
def reshape():
    for shape, extra, opset in [((2, -1), {}, 7), ((0, -1), {}, 13), ((0, 0, 20), {}, 14), ((-1,), {}, 13),
                                ((4, 3, 10, 1), {}, 5 + 8), ((1, 0, -1, 1), {}, 14),
                                ((2, 3, 20), dict(allowzero=1), 14)]:
        net = Net(f"{shape} opset {opset}", opset)
        yield net.output(net("Reshape", net.input((2, 3, 4, 5)), net.ints(*shape), **extra))
    net = Net("to a scalar and back", 13)
    x = net("Reshape", net.input((1, 1)), net.const(np.array([], np.int64)))
    yield net.output(x, net("Reshape", x, net.ints(1, 1, 1)))
    net = Net("channel shuffle", 13)
    x = net("Transpose", net("Reshape", net.input((1, 8, 3, 3)), net.ints(1, 2, 4, 3, 3)),
            perm=[0, 2, 1, 3, 4])
    x = net("Reshape", x, net.ints(1, 8, 3, 3))
    yield net.output(net("Conv", x, net.const(net.weights((4, 8, 1, 1)))))
    net = Net("of Shape, Gather, Concat, symbolic batch", 13)
    x = net.input((3, 4, 5), symbols={0: "batch"})
    batch = net("Unsqueeze", net("Gather", net("Shape", x), net.const(np.int64(0)), axis=0), net.ints(0))
    yield net.output(net("Reshape", x, net("Concat", batch, net.ints(-1), axis=0)))
    net = Net("of Shape arithmetic, symbolic sizes", 13)
    x = net.input((1, 4, 6, 8), symbols={2: "height", 3: "width"})
    shape = net("Shape",
                net("Conv", x, net.const(net.weights((4, 4, 3, 3))), strides=[2, 2], pads=[1, 1, 1, 1]))
    size = net("Mul", net("Slice", shape, net.ints(2), net.ints(4), net.ints(0)), net.ints(2, 2))
    size = net("Cast", net("Floor", net("Div", net("Cast", size, to=1), net.const(np.float32(2)))), to=7)
    total = net("ReduceProd", size, keepdims=1)
    yield net.output(
        net("Reshape", net("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2]),
            net("Concat", net.ints(0, 4), total, axis=0)))


@operator("Flatten")
def flatten():
    for axis in (0, 1, 2, 3, 4, -1, -2):
        net = Net(f"axis {axis}", 13 if axis < 0 else 9)
        yield net.output(net("Flatten", net.input((2, 3, 4, 5)), axis=axis))
    net = Net("after Conv, then Gemm")
    x = net("Flatten", net("Conv", net.input((2, 3, 4, 4)), net.const(net.weights((5, 3, 3, 3)))))
    yield net.output(net("Gemm", x, net.const(net.random((7, 20))), net.const(net.random((7,))), transB=1))


@operator("Squeeze")
def squeeze():
    for opset in (7, 11, 13, 21):
        for axes in ([0], [0, 2], [-2] if opset >= 11 else [2], None):
            net = Net(f"opset {opset} axes {axes}", opset)
            x = net.input((1, 3, 1, 5))
            if axes is None:
                yield net.output(net("Squeeze", x))
            else:
                yield net.output(
                    net("Squeeze", x, axes=axes) if opset < 13 else net("Squeeze", x, net.ints(*axes)))


@operator("Unsqueeze")
def unsqueeze():
    for opset in (7, 11, 13, 21):
        for axes in ([0], [0, 3], [2, 0], [-1, 1] if opset >= 11 else [1]):
            net = Net(f"opset {opset} axes {axes}", opset)
            x = net.input((3, 5))
            yield net.output(
                net("Unsqueeze", x, axes=axes) if opset < 13 else net("Unsqueeze", x, net.ints(*axes)))
    net = Net("scalar", 13)
    yield net.output(net("Unsqueeze", net.input(()), net.ints(0)))


@operator("Transpose")
def transpose():
    for shape, perm in [((2, 3), None), ((2, 3, 4), None), ((2, 3, 4), [1, 0, 2]),
                        ((1, 3, 4, 5), [0, 2, 3, 1]), ((1, 4, 5, 3), [0, 3, 1, 2]),
                        ((2, 3, 4, 5), [3, 1, 0, 2]), ((2, 3, 2, 3, 2), [4, 2, 0, 1, 3]), ((5,), [0]),
                        ((17, 33), [1, 0])]:
        for dtype in ("f4", "u1", "i8"):
            net = Net(f"{shape} {perm} {dtype}", 13)
            yield net.output(
                net("Transpose", net.input(shape, dtype), **({} if perm is None else dict(perm=perm))))
    net = Net("NHWC model in NCHW clothes")
    x = net("Transpose", net.input((1, 6, 6, 3)), perm=[0, 3, 1, 2])
    y = net("Relu", net("Conv", x, net.const(net.weights((8, 3, 3, 3))), pads=[1, 1, 1, 1]))
    yield net.output(net("Transpose", y, perm=[0, 2, 3, 1]))


@operator("Gather")
def gather():
    for axis, indices in itertools.product((0, 1, -1), ([0, 2, 1], [[-1, 0], [1, -3]], 2)):
        for dtype, index in (("f4", np.int64), ("u1", np.int32)):
            net = Net(f"axis {axis} indices {indices} {dtype} {index.__name__}", 13)
            yield net.output(
                net("Gather", net.input((3, 4, 3), dtype), net.const(np.array(indices, index)), axis=axis))
    net = Net("indices at run time", 11)
    yield net.output(
        net("Gather", net.const(net.random((6, 5))),
            net.input((2, 3), values=np.array([[0, 5, -1], [2, -6, 3]]))))
    net = Net("int32 indices at run time, axis 1", 11)
    yield net.output(
        net("Gather", net.input((2, 4, 3)), net.input((2,), values=np.array([3, -2], np.int32)), axis=1))


@operator("Cast")
def cast():
    codes = {"f4": 1, "u1": 2, "i1": 3, "i4": 6, "i8": 7, "b1": 9}
    for source, target in itertools.product(codes, repeat=2):
        net = Net(f"{source} to {target}", 13)
        low = 0 if target == "u1" else -99
        x = net.input((3, 7), source, low, 99)
        yield net.output(net("Cast", x, to=codes[target]))
    for source, target in (("f4", 11), ("f4", 10), ("i4", 12), ("i8", 5), ("f4", 4)):
        net = Net(f"{source} to type {target}", 13)
        yield net.output(net("Cast", net.input((5,), source, 0, 99), to=target))


@operator("Identity")
def identity():
    net = Net("input is output", 13)
    yield net.output(net("Identity", net.input((2, 3))))
    net = Net("twice, two outputs", 16)
    x = net("Identity", net.input((2, 3), "i8"))
    yield net.output(x, net("Identity", x))
    net = Net("constant is output", 16)
    yield net.output(net("Identity", net.const(net.random((3,)))), net("Relu", net.input((2,))))


@operator("Dropout")
def dropout():
    net = Net("opset 7", 7)
    yield net.output(net("Relu", net("Dropout", net.input((2, 3)), ratio=0.4)))
    net = Net("opset 13", 13)
    yield net.output(net("Dropout", net.input((2, 3)), net.const(np.float32(0.3))))
    net = Net("opset 13 mask, training false", 13)
    yield net.output(*net("Dropout", net.input((2, 3)), None, net.const(np.bool_(False)), outputs=2))


@operator("Shape")
def shape():
    for opset, extra in ((7, {}), (13, {}), (15, dict(start=1)), (15, dict(end=-1)),
                         (15, dict(start=-2, end=9)), (21, dict(start=2, end=1))):
        net = Net(f"opset {opset} {extra}", opset)
        yield net.output(net("Shape", net.input((2, 3, 4)), **extra))
    net = Net("symbolic", 13)
    yield net.output(net("Shape", net.input((2, 3, 4), symbols={0: "N", 2: "L"})))


@operator("Constant")
def constant():
    from onnx import numpy_helper
    forms = dict(value_float=2.5, value_int=3, value_floats=[1.0, 2.0], value_ints=[4, 5], value=None)
    for name, value in forms.items():
        net = Net(name, 13)
        if value is None:
            value = numpy_helper.from_array(np.array([[1.5, -2.0]], np.float32))
        y = net("Constant", **{name: value})
        if "int" in name:
            yield net.output(net("Add", net.input((2, 2), "i8"), y), y)
        else:
            yield net.output(net("Add", net.input((2, 2)), y), y)
    net = Net("ConstantOfShape", 13)
    filled = net("ConstantOfShape", net.ints(2, 3), value=numpy_helper.from_array(np.array([1.5],
                                                                                           np.float32)))
    yield net.output(net("Mul", net.input((2, 3)), filled))


# ---- Resize

COORDINATES = [
    "half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_crop_and_resize",
    "half_pixel_symmetric"
]
NEAREST = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]
SCALES = [[1, 1, 2, 2], [1, 1, 1.5, 0.7], [1, 1, 0.5, 0.5], [1, 1, 3, 1]]
SIZES = [[1, 3, 8, 10], [1, 3, 3, 4], [1, 3, 1, 9], [1, 3, 7, 7]]


def resize(net, x, mode, coordinates, nearest, scales=None, sizes=None):
    attributes = dict(mode=mode, coordinate_transformation_mode=coordinates)
    if mode == "nearest":
        attributes["nearest_mode"] = nearest
    roi = np.zeros(8 if coordinates == "tf_crop_and_resize" else 0, np.float32)
    if roi.size:
        roi[4:] = 1
        roi[2:4], roi[6:] = (0.1, 0.25), (0.8, 1.2)
    empty = net.const(np.zeros(0, np.float32)) if net.opset < 13 else None
    given = [net.const(roi), empty if scales is None else net.const(np.array(scales, np.float32))]
    if sizes is not None:
        given.append(net.ints(*sizes))
    return net("Resize", x, *given, **attributes)


@operator("Resize")
def resizes():
    for mode, scales in itertools.product(("nearest", "linear"), SCALES):
        net = Net(f"opset 10 {mode} {scales}", 10)
        yield net.output(
            net("Resize", net.input((1, 3, 4, 5)), net.const(np.array(scales, np.float32)), mode=mode))
    for k, (mode, coordinates,
            scales) in enumerate(itertools.product(("nearest", "linear", "cubic"), COORDINATES, SCALES)):
        net = Net(f"{mode} {coordinates} scales {scales}", 19 if coordinates == "half_pixel_symmetric" else
                  (11, 13, 18, 19)[k % 4])
        yield net.output(
            resize(net, net.input((1, 3, 4, 5)), mode, coordinates, NEAREST[k // 2 % 4], scales=scales))
    for k, (mode, coordinates,
            sizes) in enumerate(itertools.product(("nearest", "linear"), COORDINATES, SIZES)):
        net = Net(f"{mode} {coordinates} sizes {sizes}", 19 if coordinates == "half_pixel_symmetric" else
                  (11, 13, 18, 19)[k % 4])
        yield net.output(resize(net, net.input((1, 3, 4, 5)), mode, coordinates, NEAREST[k % 4], sizes=sizes))
    net = Net("tf_half_pixel_for_nn", 11)
    yield net.output(
        resize(net, net.input((1, 3, 4, 5)), "nearest", "tf_half_pixel_for_nn", "floor", scales=[1, 1, 2, 2]))
    for policy in ("stretch", "not_larger", "not_smaller"):
        net = Net(f"axes, {policy}", 18)
        yield net.output(
            net("Resize", net.input((1, 3, 4, 5)), None, None, net.ints(7, 9), axes=[2, 3], mode="linear",
                keep_aspect_ratio_policy=policy))
    for dtype, mode in (("u1", "nearest"), ("i1", "nearest"), ("u1", "linear"), ("i1", "linear")):
        net = Net(f"{dtype} {mode}", 13)
        yield net.output(
            resize(net, net.input((1, 3, 4, 5), dtype), mode, "half_pixel", "floor", scales=[1, 1, 2, 2]))
    for shape, scales in [((1, 3, 7), [1, 1, 2]), ((2, 5), [1.0, 2.0]), ((2, 5), [2.0, 1.6]),
                          ((1, 2, 3, 3, 2), [1, 1, 2, 2, 1])]:
        net = Net(f"linear rank {len(shape)} {scales}", 13)
        yield net.output(resize(net, net.input(shape), "linear", "half_pixel", "", scales=scales))
    net = Net("sizes from Shape, symbolic", 13)
    x, like = net.input((1, 3, 4, 5), symbols={2: "h", 3: "w"}), net.input((1, 3, 8, 10),
                                                                           symbols={2: "H", 3: "W"})
    sizes = net("Concat", net("Slice", net("Shape", x), net.ints(0), net.ints(2)),
                net("Slice", net("Shape", like), net.ints(2), net.ints(4)), axis=0)
    yield net.output(
        net(
            "Add",
            net("Resize", x, None, None, sizes, mode="nearest", coordinate_transformation_mode="asymmetric",
                nearest_mode="floor"), like))
    net = Net("Upsample 9", 9)
    yield net.output(
        net("Upsample", net.input((1, 3, 4, 5)), net.const(np.array([1, 1, 2, 3], np.float32)),
            mode="nearest"))
    net = Net("Upsample 7", 7)
    yield net.output(net("Upsample", net.input((1, 3, 4, 5)), mode="linear", scales=[1.0, 1.0, 2.0, 2.0]))

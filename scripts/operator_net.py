"""A small builder of ONNX models with seeded inputs, for the cases of check_operators.py.

    net = Net("stride 2", opset=13)
    net.output(net("Conv", net.input((1, 3, 8, 8)), net.const(net.weights((4, 3, 3, 3))), strides=[2, 2]))

Every method that adds something returns its name, so calls nest. A Net is also the case itself: it holds the
name, the input arrays and the sizes for symbolic dimensions.
"""
import zlib

import numpy as np
import onnx
from onnx import helper, numpy_helper

DTYPES = {"f4": np.float32, "u1": np.uint8, "i1": np.int8, "i4": np.int32, "i8": np.int64, "b1": np.bool_}
MICROSOFT = {
    "QLinearAdd", "QLinearMul", "QLinearSigmoid", "QLinearLeakyRelu", "QLinearGlobalAveragePool",
    "QLinearAveragePool", "QLinearConcat", "QLinearSoftmax", "QLinearReduceMean", "QLinearWhere", "QGemm",
    "MatMulIntegerToFloat", "DynamicQuantizeMatMul", "FusedConv", "FusedMatMul"
}
CASES = []  # (operator, function that yields Nets)


def operator(name):
    """Registers a generator of cases for an operator."""
    def register(function):
        CASES.append((name, function))
        return function

    return register


def all_cases():
    """(operator, Net) for every case, those of one operator together."""
    grouped = {}
    for name, function in CASES:
        grouped.setdefault(name, []).append(function)
    for name, functions in sorted(grouped.items()):
        for function in functions:
            for net in function():
                yield name, net


class Net:
    def __init__(self, name, opset=17):
        self.name, self.opset = name, opset
        self.rng = np.random.default_rng(zlib.crc32(name.encode()))
        self.nodes, self.constants, self.inputs, self.outputs = [], [], [], []
        self.feeds, self.dims, self.count = {}, {}, 0

    def fresh(self, prefix):
        self.count += 1
        return f"{prefix}{self.count}"

    def random(self, shape, dtype="f4", low=-3.0, high=3.0):
        """Uniform values; integers over the whole range of 8-bit types, otherwise between low and high."""
        kind = np.dtype(DTYPES.get(dtype, dtype))
        if kind.kind == "f":
            return self.rng.uniform(low, high, shape).astype(kind)
        if kind.kind == "b":
            return self.rng.integers(0, 2, shape).astype(kind)
        if kind.itemsize == 1:
            low, high = np.iinfo(kind).min, np.iinfo(kind).max
        return self.rng.integers(int(low), int(high) + 1, shape).astype(kind)

    def weights(self, shape, dtype="f4"):
        """Float weights that keep the size of activations, or any 8-bit ones."""
        if dtype != "f4":
            return self.random(shape, dtype)
        taps = int(np.prod(shape[1:])) if len(shape) > 1 else 1
        return self.random(shape, "f4", -1.5, 1.5) / np.float32(np.sqrt(max(taps, 1)))

    def input(self, shape, dtype="f4", low=-3.0, high=3.0, values=None, symbols=None):
        """A graph input. symbols: {axis: name} makes axes symbolic; their sizes go into self.dims."""
        name = self.fresh("in")
        data = np.asarray(values) if values is not None else self.random(shape, dtype, low, high)
        declared = list(data.shape)
        for axis, symbol in (symbols or {}).items():
            self.dims[symbol], declared[axis] = declared[axis], symbol
        self.inputs.append(
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(data.dtype), declared))
        self.feeds[name] = data
        return name

    def const(self, values, dtype=None):
        name = self.fresh("const")
        data = np.asarray(values, dtype=DTYPES.get(dtype, dtype) if dtype else None)
        if data.dtype == np.float64:
            data = data.astype(np.float32)
        self.constants.append(numpy_helper.from_array(data, name))
        return name

    def ints(self, *values):
        return self.const(np.array(values, np.int64))

    def __call__(self, op, *inputs, outputs=1, **attributes):
        """A node; None stands for an input that is left out. Returns its output, or a list of several."""
        names = [self.fresh("t") for _ in range(outputs)]
        domain = attributes.pop("domain", "com.microsoft" if op in MICROSOFT else "")
        self.nodes.append(
            helper.make_node(op, [name or "" for name in inputs], names, name=self.fresh(op + "_"),
                             domain=domain, **attributes))
        return names[0] if outputs == 1 else names

    def output(self, *names):
        self.outputs += names
        return self

    # ---- quantization

    def quantize(self, x, act):
        dtype, scale, zero_point = act
        return self("QuantizeLinear", x, self.const(np.float32(scale)), self.const(zero_point, dtype))

    def dequantize(self, q, act):
        dtype, scale, zero_point = act
        return self("DequantizeLinear", q, self.const(np.float32(scale)), self.const(zero_point, dtype))

    def qdq(self, x, act):
        return self.dequantize(self.quantize(x, act), act)

    def qdq_input(self, shape, act, low=-3.0, high=3.0):
        """A float input that goes through quantize and dequantize."""
        return self.qdq(self.input(shape, "f4", low, high), act)

    def qconst(self, values, dtype, scale, zero_point, axis=None):
        """An 8-bit or int32 constant under a dequantize, per tensor or along an axis."""
        inputs = [
            self.const(values, dtype),
            self.const(np.asarray(scale, np.float32)),
            self.const(zero_point, dtype)
        ]
        return self("DequantizeLinear", *inputs, **({} if axis is None else {"axis": axis}))

    def params(self, scale, zero_point, dtype):
        """Names of a scale and a zero point, as QOperator nodes take them."""
        return self.const(np.asarray(scale, np.float32)), self.const(zero_point, dtype)

    # ---- the model

    def operators(self):
        return {node.op_type for node in self.nodes}

    def is_quantized(self):
        return any(word in op for op in self.operators()
                   for word in ("Quantize", "QLinear", "Integer", "QGemm"))

    def model(self, results=None):
        """The model; results: the output arrays, which give the outputs types and (static) shapes."""
        outputs = [onnx.ValueInfoProto(name=name) for name in self.outputs]
        if results is not None:
            outputs = [
                helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(r.dtype),
                                              None if self.dims else r.shape)
                for name, r in zip(self.outputs, results)
            ]
        graph = helper.make_graph(self.nodes, "case", self.inputs, outputs, self.constants)
        opsets = [helper.make_opsetid("", self.opset), helper.make_opsetid("com.microsoft", 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8 if self.opset < 19 else 13)

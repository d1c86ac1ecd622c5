# The compiler's rooms, in layer order: each may use those above it.
pkg_check_modules(PROTOBUF_C REQUIRED IMPORTED_TARGET libprotobuf-c)
find_program(PROTOC_C NAMES protoc-c REQUIRED)

eaic_room(ir compiler/ir DEPENDS eaic_base)
eaic_room(ops compiler/ops DEPENDS eaic_ir)
eaic_room(kernels compiler/kernels DEPENDS m)
eaic_room(lower compiler/lower DEPENDS eaic_ops eaic_kernels)
eaic_room(eval compiler/eval DEPENDS eaic_lower)
eaic_room(onnx compiler/onnx DEPENDS eaic_eval PkgConfig::PROTOBUF_C)
eaic_room(passes compiler/passes DEPENDS eaic_eval)
eaic_room(plan compiler/plan DEPENDS eaic_lower)
include(codegen)

# Native kernels: plain C must stay exact (no contraction), and signed overflow never happens by construction.
target_compile_options(eaic_kernels PRIVATE -fno-math-errno -fno-trapping-math -Wno-unused-parameter)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_compile_options(eaic_kernels PRIVATE -msse4.1)
endif()

add_custom_command(
  OUTPUT ${CMAKE_BINARY_DIR}/generated/onnx.pb-c.c ${CMAKE_BINARY_DIR}/generated/onnx.pb-c.h
  COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/generated
  COMMAND ${PROTOC_C} --proto_path=${CMAKE_SOURCE_DIR}/proto --c_out=${CMAKE_BINARY_DIR}/generated onnx.proto
  DEPENDS ${CMAKE_SOURCE_DIR}/proto/onnx.proto VERBATIM)
target_sources(eaic_onnx PRIVATE ${CMAKE_BINARY_DIR}/generated/onnx.pb-c.c ${CMAKE_BINARY_DIR}/generated/onnx.pb-c.h)
set_source_files_properties(${CMAKE_BINARY_DIR}/generated/onnx.pb-c.c PROPERTIES COMPILE_OPTIONS "-w")

eaic_room(compile compiler DEPENDS eaic_onnx eaic_passes eaic_wasm)
include(eaic_ir)

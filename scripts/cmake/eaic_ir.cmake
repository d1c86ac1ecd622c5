# eaic-ir: the developer tool for graphs and passes; needs no LLVM.
add_executable(eaic-ir ${CMAKE_SOURCE_DIR}/cmd/eaic-ir/eaic_ir.c ${CMAKE_SOURCE_DIR}/cmd/eaic-ir/ir_check.c)
target_link_libraries(eaic-ir PRIVATE eaic_passes eaic_onnx)

find_package(Python3 COMPONENTS Interpreter)
if(Python3_FOUND)
  add_test(NAME golden_ir COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/scripts/golden.py ${CMAKE_BINARY_DIR})
endif()

# codegen/ and wasm/: finds LLVM with clang and lld of the same version, turns the kernels into bitcode, builds both.

# The first version of EAIC_LLVM_VERSIONS that has all of llvm-config, clang, llvm-link, opt and liblldWasm.a.
function(eaic_find_llvm)
  foreach(version IN LISTS EAIC_LLVM_VERSIONS)
    find_program(EAIC_LLVM_CONFIG_${version} NAMES llvm-config-${version} llvm-config
      HINTS /usr/lib/llvm-${version}/bin /opt/homebrew/opt/llvm@${version}/bin)
    set(config ${EAIC_LLVM_CONFIG_${version}})
    if(NOT config)
      continue()
    endif()
    execute_process(COMMAND ${config} --version OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE)
    execute_process(COMMAND ${config} --bindir OUTPUT_VARIABLE bin OUTPUT_STRIP_TRAILING_WHITESPACE)
    execute_process(COMMAND ${config} --libdir OUTPUT_VARIABLE lib OUTPUT_STRIP_TRAILING_WHITESPACE)
    execute_process(COMMAND ${config} --includedir OUTPUT_VARIABLE include OUTPUT_STRIP_TRAILING_WHITESPACE)
    if(NOT found MATCHES "^${version}\\.")
      continue()
    endif()
    set(missing "")
    foreach(file ${bin}/clang ${bin}/llvm-link ${bin}/opt ${lib}/liblldWasm.a ${lib}/liblldCommon.a
        ${include}/llvm-c/Core.h)
      if(NOT EXISTS ${file})
        list(APPEND missing ${file})
      endif()
    endforeach()
    if(missing)
      message(STATUS "LLVM ${found} skipped: no ${missing}")
      continue()
    endif()
    set(components webassembly passes linker bitreader lto option debuginfodwarf support)
    execute_process(COMMAND ${config} --libs ${components}
      OUTPUT_VARIABLE libraries OUTPUT_STRIP_TRAILING_WHITESPACE)
    execute_process(COMMAND ${config} --system-libs OUTPUT_VARIABLE system OUTPUT_STRIP_TRAILING_WHITESPACE)
    separate_arguments(libraries UNIX_COMMAND "${libraries} ${system}")
    message(STATUS "LLVM ${found}: ${bin}")
    set(EAIC_LLVM_BIN ${bin} PARENT_SCOPE)
    set(EAIC_LLVM_LIB ${lib} PARENT_SCOPE)
    set(EAIC_LLVM_INCLUDE ${include} PARENT_SCOPE)
    set(EAIC_LLVM_LIBRARIES ${libraries} PARENT_SCOPE)
    return()
  endforeach()
  message(FATAL_ERROR "no LLVM of ${EAIC_LLVM_VERSIONS} with clang, llvm-link, opt and liblldWasm.a found "
    "(Debian: apt-get install llvm-N-dev clang-N liblld-N-dev)")
endfunction()
eaic_find_llvm()

# Each kernel file is compiled once for each feature level, unoptimized, and embedded in eaic; what a model uses of it is
# specialized and optimized then. `scalar` is the wasm MVP plus two features; bulk memory (memory.copy) is older than
# SIMD on every engine.
set(EAIC_LEVELS scalar simd128 relaxed)
set(EAIC_FEATURES_scalar -mcpu=mvp -msign-ext -mnontrapping-fptoint)
set(EAIC_FEATURES_simd128 ${EAIC_FEATURES_scalar} -mbulk-memory -msimd128)
set(EAIC_FEATURES_relaxed ${EAIC_FEATURES_simd128} -mrelaxed-simd)
set(EAIC_KERNEL_FLAGS --target=wasm32-unknown-unknown -std=c17 -O2 -Xclang -disable-llvm-passes -ffreestanding
  -fno-builtin -ffp-contract=off -fno-math-errno -fno-trapping-math -fno-ident -g -gdwarf-4
  -Wall -Wextra -Wno-unused-parameter
  -ffile-prefix-map=${CMAKE_SOURCE_DIR}=. -ffile-prefix-map=${EAIC_LLVM_LIB}=llvm -fdebug-compilation-dir=.
  -I${CMAKE_SOURCE_DIR}/compiler)
if(EAIC_WERROR)
  list(APPEND EAIC_KERNEL_FLAGS -Werror)
endif()

# bitcode/<level>.g.bc holds debug information (for -g), bitcode/<level>.bc none.
function(eaic_kernel_bitcode out)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/compiler/kernels/*.c)
  list(FILTER sources EXCLUDE REGEX "(catalogue|_test)\\.c$")
  list(SORT sources)
  set(folder ${CMAKE_BINARY_DIR}/bitcode)
  set(all "")
  foreach(level IN LISTS EAIC_LEVELS)
    file(MAKE_DIRECTORY ${folder}/${level})
    set(parts "")
    foreach(source IN LISTS sources)
      get_filename_component(name ${source} NAME_WE)
      set(part ${folder}/${level}/${name}.bc)
      add_custom_command(OUTPUT ${part}
        COMMAND ${EAIC_LLVM_BIN}/clang ${EAIC_KERNEL_FLAGS} ${EAIC_FEATURES_${level}} -emit-llvm -c ${source}
          -o ${part} -MD -MF ${part}.d -MT bitcode/${level}/${name}.bc
        DEPENDS ${source} DEPFILE ${part}.d VERBATIM)
      list(APPEND parts ${part})
    endforeach()
    add_custom_command(OUTPUT ${folder}/${level}.g.bc ${folder}/${level}.bc
      COMMAND ${EAIC_LLVM_BIN}/llvm-link ${parts} -o ${folder}/${level}.g.bc
      COMMAND ${EAIC_LLVM_BIN}/opt -passes= -strip-debug ${folder}/${level}.g.bc -o ${folder}/${level}.bc
      DEPENDS ${parts} COMMENT "Kernels as bitcode: ${level}" VERBATIM)
    list(APPEND all ${folder}/${level}.g.bc ${folder}/${level}.bc)
  endforeach()
  set(${out} ${all} PARENT_SCOPE)
endfunction()
eaic_kernel_bitcode(EAIC_BITCODE)

eaic_room(codegen compiler/codegen DEPENDS eaic_plan)
target_include_directories(eaic_codegen SYSTEM PRIVATE ${EAIC_LLVM_INCLUDE})
target_link_libraries(eaic_codegen PUBLIC ${EAIC_LLVM_LIBRARIES})
target_link_directories(eaic_codegen PUBLIC ${EAIC_LLVM_LIB})
add_custom_target(eaic_bitcode DEPENDS ${EAIC_BITCODE})
add_dependencies(eaic_codegen eaic_bitcode)
set_source_files_properties(${CMAKE_SOURCE_DIR}/compiler/codegen/bitcode.c PROPERTIES
  OBJECT_DEPENDS "${EAIC_BITCODE}" COMPILE_DEFINITIONS "EAIC_BITCODE_FOLDER=\"${CMAKE_BINARY_DIR}/bitcode\"")

find_library(WABT_LIBRARY wabt REQUIRED)
find_path(WABT_INCLUDE wabt/binary-reader-ir.h REQUIRED)
eaic_room(wasm compiler/wasm DEPENDS eaic_codegen)
target_include_directories(eaic_wasm SYSTEM PRIVATE ${EAIC_LLVM_INCLUDE} ${WABT_INCLUDE})
target_link_libraries(eaic_wasm PUBLIC ${EAIC_LLVM_LIB}/liblldWasm.a ${EAIC_LLVM_LIB}/liblldCommon.a
  ${EAIC_LLVM_LIBRARIES} ${WABT_LIBRARY})
# lld's headers want the run-time type information setting of LLVM's build.
set_source_files_properties(${CMAKE_SOURCE_DIR}/compiler/wasm/lld.cc PROPERTIES COMPILE_OPTIONS "-fno-rtti")

# The runner's rooms. Engines: wabt's interpreter always, wasmtime when its library is there.
pkg_check_modules(CJSON REQUIRED IMPORTED_TARGET libcjson)
pkg_check_modules(PNG REQUIRED IMPORTED_TARGET libpng)
pkg_check_modules(JPEG REQUIRED IMPORTED_TARGET libjpeg)
find_package(wabt REQUIRED CONFIG)

eaic_room(abi runtime-lite/abi DEPENDS eaic_base PkgConfig::CJSON m)
eaic_room(engine runtime-lite/engine DEPENDS eaic_abi wabt::wabt)
eaic_room(io runtime-lite/io DEPENDS eaic_abi PkgConfig::PNG PkgConfig::JPEG)
eaic_room(stat runtime-lite/stat DEPENDS eaic_base PkgConfig::CJSON m)

set(wasmtime_root "${WASMTIME_ROOT}")
if(NOT wasmtime_root)
  set(wasmtime_root ${CMAKE_SOURCE_DIR}/build/deps/wasmtime) # where scripts/fetch_wasmtime.sh puts it
endif()
find_library(WASMTIME_LIBRARY NAMES wasmtime PATHS ${wasmtime_root}/lib NO_DEFAULT_PATH)
if(WASMTIME_LIBRARY)
  # The PyPI library carries no soname: without NO_SONAME its path as linked would be baked in.
  add_library(wasmtime SHARED IMPORTED)
  set_target_properties(wasmtime PROPERTIES IMPORTED_LOCATION ${WASMTIME_LIBRARY} IMPORTED_NO_SONAME TRUE
    INTERFACE_LINK_LIBRARIES "m;pthread;dl")
  target_link_libraries(eaic_engine PUBLIC wasmtime)
  target_compile_definitions(eaic_engine PRIVATE EAIC_WASMTIME)
  if(EXISTS ${wasmtime_root}/include/wasmtime.h)
    target_include_directories(eaic_engine PRIVATE ${wasmtime_root}/include)
    target_compile_definitions(eaic_engine PRIVATE EAIC_WASMTIME_HEADERS)
  endif()
else()
  message(WARNING "no libwasmtime in ${wasmtime_root}/lib: eaic runs modules with wabt's interpreter only, "
    "which is slow. scripts/fetch_wasmtime.sh gets it.")
  set_source_files_properties(${CMAKE_SOURCE_DIR}/runtime-lite/engine/engine_wasmtime.c
    PROPERTIES HEADER_FILE_ONLY ON)
endif()

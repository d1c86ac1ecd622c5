# build/eaic
file(GLOB command_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/cmd/eaic/*.c)
if(NOT EAIC_COMPILER)
  list(FILTER command_sources EXCLUDE REGEX "/(cmd_compile|cmd_verify|cmd_ops|compile_options|demo_page)\\.c$")
endif()
add_executable(eaic ${command_sources})
target_link_libraries(eaic PRIVATE eaic_engine eaic_io eaic_stat)
if(EAIC_COMPILER)
  target_compile_definitions(eaic PRIVATE EAIC_COMPILER)
  target_link_libraries(eaic PRIVATE eaic_compile)
  set(js ${CMAKE_SOURCE_DIR}/runtime-lite/js)
  set_source_files_properties(${CMAKE_SOURCE_DIR}/cmd/eaic/demo_page.c PROPERTIES
    OBJECT_DEPENDS "${js}/demo.html;${js}/eaic.mjs" COMPILE_DEFINITIONS "EAIC_JS_FOLDER=\"${js}\"")
endif()

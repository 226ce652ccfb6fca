# The engine in WebAssembly, by `emcmake cmake --preset wasm`: bscnet.js and bscnet.wasm, which a page calls, and the
# archive that they are linked from.
set(BSCNET_VECTORS "-msimd128" CACHE STRING "Flags for vectors; empty: for browsers without them")
target_compile_options(parts PUBLIC ${BSCNET_VECTORS} -fwasm-exceptions)
target_link_options(parts PUBLIC ${BSCNET_VECTORS} -fwasm-exceptions)

add_library(bscnet STATIC)
target_link_libraries(bscnet PRIVATE parts)

# What a page calls, beside the memory of its arrays.
set(functions load_memory free label needs_colors num_values value_name description last_error implementation version)
list(TRANSFORM functions PREPEND _bscnet_)
list(JOIN functions "," functions)

add_executable(page)
set_target_properties(page PROPERTIES OUTPUT_NAME bscnet)
target_link_libraries(page PRIVATE parts)
target_link_options(page PRIVATE --no-entry
  -sMODULARIZE -sEXPORT_NAME=bscnetEngine -sENVIRONMENT=web,worker,node -sFILESYSTEM=0
  -sWASM_BIGINT -sALLOW_MEMORY_GROWTH -sMAXIMUM_MEMORY=4GB -sEXPORTED_RUNTIME_METHODS=UTF8ToString,ENV
  -sEXPORTED_FUNCTIONS=_malloc,_free,${functions})

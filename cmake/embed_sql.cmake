# equeue_embed_sql(OUTPUT): writes a C++ source that holds every file of sql/ as a string literal, so that
# the binary migrates without reading a file.
function(equeue_embed_sql OUTPUT)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/sql/*.sql)
  add_custom_command(
    OUTPUT ${OUTPUT}
    COMMAND ${CMAKE_COMMAND} -DROOT=${PROJECT_SOURCE_DIR}/sql -DOUTPUT=${OUTPUT}
            -P ${PROJECT_SOURCE_DIR}/cmake/write_sql_source.cmake
    DEPENDS ${files} ${PROJECT_SOURCE_DIR}/cmake/write_sql_source.cmake
    COMMENT "Embedding sql/")
endfunction()

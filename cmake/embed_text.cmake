# equeue_embed_text(OUTPUT HEADER FUNCTION FILE): writes a C++ source that defines equeue::FUNCTION(), declared
# in HEADER, which answers the text of FILE.
function(equeue_embed_text OUTPUT HEADER FUNCTION FILE)
  add_custom_command(
    OUTPUT ${OUTPUT}
    COMMAND ${CMAKE_COMMAND} -DFILE=${FILE} -DOUTPUT=${OUTPUT} -DHEADER=${HEADER} -DFUNCTION=${FUNCTION}
            -P ${PROJECT_SOURCE_DIR}/cmake/write_text_source.cmake
    DEPENDS ${FILE} ${PROJECT_SOURCE_DIR}/cmake/write_text_source.cmake
    COMMENT "Embedding ${FILE}")
endfunction()

# equeue_layer(NAME SOURCES a.cpp … USES lower layers … LINKS libraries …)
#
# One folder of src/ is one static library. A layer sees only the layers that it names in USES, so the
# link graph, and with it the build, refuses an include that points upwards.
function(equeue_layer NAME)
  cmake_parse_arguments(L "" "" "SOURCES;USES;LINKS" ${ARGN})
  add_library(equeue_${NAME} STATIC ${L_SOURCES})
  target_include_directories(equeue_${NAME}
    PUBLIC ${PROJECT_SOURCE_DIR}/include
    PRIVATE ${PROJECT_SOURCE_DIR}/src)
  foreach(lower ${L_USES})
    target_link_libraries(equeue_${NAME} PUBLIC equeue_${lower})
  endforeach()
  target_link_libraries(equeue_${NAME} PUBLIC ${L_LINKS})
  equeue_precompile(equeue_${NAME})
endfunction()

# The headers that nearly every source reads, compiled once and shared by all targets.
function(equeue_precompile TARGET)
  if(NOT TARGET equeue_pch)
    file(WRITE ${CMAKE_BINARY_DIR}/pch.cpp "")
    add_library(equeue_pch OBJECT ${CMAKE_BINARY_DIR}/pch.cpp)
    target_link_libraries(equeue_pch PUBLIC Threads::Threads Boost::headers fmt::fmt spdlog::spdlog)
    target_compile_definitions(equeue_pch PUBLIC BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)
    target_precompile_headers(equeue_pch PRIVATE ${PROJECT_SOURCE_DIR}/src/pch.hpp)
  endif()
  target_compile_definitions(${TARGET} PUBLIC BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)
  target_link_libraries(${TARGET} PUBLIC Threads::Threads Boost::headers fmt::fmt spdlog::spdlog)
  # g++ takes a precompiled header only under the same one of -fPIC and -fPIE, so programs are compiled as libraries are.
  get_target_property(type ${TARGET} TYPE)
  if(type STREQUAL "EXECUTABLE")
    set_target_properties(${TARGET} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${TARGET} PRIVATE -fPIC)
  endif()
  target_precompile_headers(${TARGET} REUSE_FROM equeue_pch)
endfunction()

# For what nobody waits for but its compiler: tests, and what runs the product under load. In half the time.
function(equeue_compile_quickly TARGET)
  # But for a debug build, whose precompiled header is not optimised either.
  target_compile_options(${TARGET} PRIVATE $<$<NOT:$<CONFIG:Debug>>:-Og>)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Garbage is not collected below so many KiB.
    target_compile_options(${TARGET} PRIVATE --param=ggc-min-heapsize=1000000)
  endif()
endfunction()

# Flags, linker and compiler cache shared by every target.
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Werror=return-type
                    -Werror=switch -fno-plt)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports false positives inside the standard library when it inlines at -O2 and above.
  add_compile_options(-Wno-maybe-uninitialized -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds
                      -Wno-dangling-pointer)
endif()
add_compile_options(-Wno-missing-field-initializers)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
  add_compile_options(-fstack-protector-strong -D_FORTIFY_SOURCE=2)
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(EQUEUE_SANITIZE)
  # At -O2 the checks take twice as long to compile. Without assertions, as what is shipped: one of Beast's fails for a last
  # chunk that comes byte by byte, which its code bears.
  set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1 -DNDEBUG")
  add_compile_options(-fsanitize=${EQUEUE_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${EQUEUE_SANITIZE})
endif()

find_program(EQUEUE_CCACHE ccache)
if(EQUEUE_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${EQUEUE_CCACHE})
endif()
find_program(EQUEUE_MOLD mold)
if(EQUEUE_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
add_link_options(-Wl,-z,relro,-z,now)

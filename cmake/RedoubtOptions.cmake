# Compiler and linker settings shared by every target.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

find_program(REDOUBT_CCACHE ccache)
if(REDOUBT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${REDOUBT_CCACHE}")
endif()

add_library(redoubt_options INTERFACE)
target_compile_options(redoubt_options INTERFACE
  -Wall -Wextra -Wno-missing-field-initializers -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast
  -fstack-protector-strong -fno-omit-frame-pointer
  $<$<CONFIG:Release>:$<IF:$<BOOL:$<TARGET_PROPERTY:REDOUBT_IS_TEST>>,-O1,-O2>>)
if(NOT REDOUBT_SANITIZE)
  target_compile_definitions(redoubt_options INTERFACE $<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  # Baseline of the design: older hosts than this are not supported, newer ones need no rebuild.
  target_compile_options(redoubt_options INTERFACE -march=x86-64-v2)
endif()
# g++ 12 warns wrongly inside coroutine frames and inlined standard containers.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(redoubt_options INTERFACE
    -Wno-maybe-uninitialized -Wno-mismatched-new-delete -Wno-stringop-overflow -Wno-array-bounds -Wno-restrict)
endif()
if(REDOUBT_SANITIZE)
  target_compile_options(redoubt_options INTERFACE -fsanitize=${REDOUBT_SANITIZE} -fno-sanitize-recover=all -g)
  target_link_options(redoubt_options INTERFACE -fsanitize=${REDOUBT_SANITIZE})
endif()
if(REDOUBT_LIBFUZZER)
  target_compile_options(redoubt_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

find_program(REDOUBT_MOLD mold)
if(REDOUBT_MOLD)
  # -B finds the `ld` that Debian's mold package installs for compilers without -fuse-ld=mold.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    target_link_options(redoubt_options INTERFACE -fuse-ld=mold)
  elseif(EXISTS /usr/libexec/mold/ld OR EXISTS /usr/lib/mold/ld)
    foreach(dir /usr/libexec/mold /usr/lib/mold)
      if(EXISTS ${dir}/ld)
        target_link_options(redoubt_options INTERFACE -B${dir})
      endif()
    endforeach()
  endif()
endif()
target_link_options(redoubt_options INTERFACE -Wl,-z,relro,-z,now)

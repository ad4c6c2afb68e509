# SPDX-License-Identifier: Apache-2.0
# How this repository compiles: language, warnings, hardening, sanitizers. Not installed.

option(MLT_WERROR "Warnings are errors" OFF)
set(MLT_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize= (address,undefined or thread)")
option(MLT_FUZZ "Build the fuzz targets with libFuzzer (clang)" OFF)
option(MLT_COVERAGE "Count executed lines" OFF)

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)

find_program(MLT_CCACHE ccache)
if(MLT_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${MLT_CCACHE})
endif()

add_compile_definitions(_GNU_SOURCE)
add_compile_options(-fno-strict-aliasing -fno-common -fstack-protector-strong -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
if(NOT MLT_SANITIZE AND NOT MLT_FUZZ AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-clash-protection -fcf-protection)
endif()
add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed)
if(MLT_SANITIZE)
  # Line tables are all that a report names (-g1), and gold links the many tests in half the time.
  add_compile_options(-fsanitize=${MLT_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined $<$<CONFIG:Debug>:-g1>)
  add_link_options(-fsanitize=${MLT_SANITIZE})
  find_program(MLT_GOLD ld.gold)
  if(MLT_GOLD)
    add_link_options(-fuse-ld=gold)
  endif()
endif()
if(MLT_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()
if(MLT_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()

# Our own code is held to these; generated code is not.
add_library(mlt_warnings INTERFACE)
target_compile_options(mlt_warnings INTERFACE -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
                       -Wpointer-arith -Wformat=2 -Wundef -Wvla -Wno-unused-parameter -Wno-missing-field-initializers
                       $<$<BOOL:${MLT_WERROR}>:-Werror>)

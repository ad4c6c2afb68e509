# SPDX-License-Identifier: Apache-2.0
# mrpc_generate(): a library target made of .proto files.
#
#   mrpc_generate(TARGET greeter PROTOS api/hello.proto [IMPORT_DIRS api ...] [LIBRARIES other ...]
#                 [C_PREFIX my.prefix] [RUNTIME mrpc::shared] [PRIVATE] [NO_WELLKNOWN])
#
# TARGET        A static library with F.pb-c.c and F.mrpc.c of each F.proto. Who links it can write
#               #include <hello.mrpc.h> (the path is the .proto's, below its import folder).
# PROTOS        The files to generate, relative to the current source folder or absolute.
# IMPORT_DIRS   Where protoc looks for imports, and what the files' names are relative to; default: the current source
#               folder. google/protobuf/*.proto is always found.
# LIBRARIES     Other targets made by mrpc_generate() whose files these import: their import folders are searched, their
#               headers found, and they are linked.
# C_PREFIX      Put the C names under a package of their own; names on the wire stay. It holds for everything that the
#               files import, too: list the imports as well.
# RUNTIME       What the library is linked to; default: mrpc::mrpc, the static one.
# PRIVATE       An object library, to be linked into another one; nothing is linked to it.
# NO_WELLKNOWN  Do not link mrpc::wellknown, the library of google/protobuf/*.proto and google/rpc/*.proto, because the
#               program makes these itself.
#
# Every imported file must come from somewhere, because reflection hands out a file with all that it imports: from
# PROTOS, from LIBRARIES, or from mrpc::wellknown.

include_guard(GLOBAL)

find_program(MRPC_PROTOC protoc REQUIRED)
find_program(MRPC_PROTOC_GEN_C protoc-gen-c REQUIRED)
find_path(MRPC_PROTOBUF_DIR google/protobuf/descriptor.proto REQUIRED)
mark_as_advanced(MRPC_PROTOC MRPC_PROTOC_GEN_C MRPC_PROTOBUF_DIR)

# The name of @file below the first of the @dirs that holds it, as protoc will call it.
function(mrpc_proto_name file dirs out)
  foreach(dir IN LISTS dirs)
    cmake_path(IS_PREFIX dir ${file} NORMALIZE inside)
    if(inside)
      cmake_path(RELATIVE_PATH file BASE_DIRECTORY ${dir} OUTPUT_VARIABLE name)
      set(${out} ${name} PARENT_SCOPE)
      return()
    endif()
  endforeach()
  message(FATAL_ERROR "mrpc_generate: ${file} is in none of the import folders: ${dirs}")
endfunction()

function(mrpc_generate)
  cmake_parse_arguments(arg "PRIVATE;NO_WELLKNOWN" "TARGET;C_PREFIX;RUNTIME" "PROTOS;IMPORT_DIRS;LIBRARIES" ${ARGN})
  if(NOT arg_TARGET OR NOT arg_PROTOS OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "mrpc_generate: TARGET and PROTOS are needed; not understood: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_RUNTIME)
    set(arg_RUNTIME mrpc::mrpc)
  endif()
  if(NOT arg_IMPORT_DIRS)
    set(arg_IMPORT_DIRS ${CMAKE_CURRENT_SOURCE_DIR})
  endif()
  set(dirs)
  foreach(dir IN LISTS arg_IMPORT_DIRS)
    cmake_path(ABSOLUTE_PATH dir NORMALIZE)
    list(APPEND dirs ${dir})
  endforeach()
  set(own_dirs ${dirs})
  list(APPEND dirs ${MRPC_PROTOBUF_DIR})
  set(search ${dirs})
  if(NOT arg_PRIVATE AND NOT arg_NO_WELLKNOWN)
    list(APPEND arg_LIBRARIES mrpc::wellknown)
  endif()
  foreach(library IN LISTS arg_LIBRARIES)
    get_target_property(theirs ${library} MRPC_IMPORT_DIRS)
    if(theirs)
      list(APPEND search ${theirs})
    endif()
  endforeach()
  list(REMOVE_DUPLICATES search)
  list(TRANSFORM search PREPEND "-I" OUTPUT_VARIABLE includes)

  set(out ${CMAKE_CURRENT_BINARY_DIR}/${arg_TARGET}.mrpc)
  file(MAKE_DIRECTORY ${out})
  set(parameters "protoc_gen_c=${MRPC_PROTOC_GEN_C}")
  if(arg_C_PREFIX)
    string(APPEND parameters ",c_prefix=${arg_C_PREFIX}")
  endif()
  set(generated)
  foreach(proto IN LISTS arg_PROTOS)
    cmake_path(ABSOLUTE_PATH proto NORMALIZE)
    mrpc_proto_name(${proto} "${dirs}" name)
    string(REGEX REPLACE "\\.proto$" "" stem ${out}/${name})
    string(MAKE_C_IDENTIFIER ${name} id)
    # In the order of the depfile that protoc writes: ninja compares the first.
    set(files ${stem}.mrpc.c ${stem}.mrpc.h ${stem}.pb-c.c ${stem}.pb-c.h)
    add_custom_command(
      OUTPUT ${files}
      COMMAND ${MRPC_PROTOC} --plugin=protoc-gen-mrpc-c=$<TARGET_FILE:mrpc::protoc-gen-mrpc-c> ${includes}
              --mrpc-c_out=${parameters}:${out} --dependency_out=${out}/${id}.d ${name}
      DEPENDS ${proto} $<TARGET_FILE:mrpc::protoc-gen-mrpc-c>
      DEPFILE ${out}/${id}.d
      COMMENT "Generating C from ${name}"
      VERBATIM)
    list(APPEND generated ${files})
  endforeach()

  if(arg_PRIVATE)
    add_library(${arg_TARGET} OBJECT ${generated})
    target_link_libraries(${arg_TARGET} PUBLIC mrpc::headers)
    target_compile_options(${arg_TARGET} PRIVATE -fvisibility=hidden)
  else()
    add_library(${arg_TARGET} STATIC ${generated})
    target_link_libraries(${arg_TARGET} PUBLIC ${arg_RUNTIME} ${arg_LIBRARIES})
  endif()
  target_include_directories(${arg_TARGET} SYSTEM PUBLIC $<BUILD_INTERFACE:${out}>)
  set_target_properties(${arg_TARGET} PROPERTIES POSITION_INDEPENDENT_CODE ON MRPC_IMPORT_DIRS "${own_dirs}"
                        MRPC_OUTPUT_DIR ${out} C_CLANG_TIDY "")
  # What others wrote is not held to the warnings of whoever includes this.
  target_compile_options(${arg_TARGET} PRIVATE -w)
endfunction()

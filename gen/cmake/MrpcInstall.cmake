# SPDX-License-Identifier: Apache-2.0
# What users of the library get. Component "libmrpc": libmrpc.so.N, which their programs run with. Component "libmrpc-dev":
# headers, libmrpc.so, libmrpc.a, libmrpc_wellknown.a, the plugin, mrpc_generate(), and how CMake and pkg-config find them.
include(CMakePackageConfigHelpers)

set(MRPC_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/mrpc)
set(MRPC_PROTO_DIR ${CMAKE_INSTALL_DATADIR}/mrpc/proto)

install(TARGETS mrpc_headers mrpc mrpc_shared mrpc_wellknown protoc-gen-mrpc-c EXPORT mrpcTargets
        ARCHIVE COMPONENT libmrpc-dev RUNTIME COMPONENT libmrpc-dev
        LIBRARY COMPONENT libmrpc NAMELINK_COMPONENT libmrpc-dev)
install(EXPORT mrpcTargets NAMESPACE mrpc:: DESTINATION ${MRPC_CMAKE_DIR} COMPONENT libmrpc-dev)

install(DIRECTORY runtime/include/mrpc DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT libmrpc-dev FILES_MATCHING PATTERN *.h)
get_target_property(wellknown_headers mrpc_wellknown MRPC_OUTPUT_DIR)
install(DIRECTORY ${wellknown_headers}/ DESTINATION ${MRPC_WELLKNOWN_INCLUDEDIR} COMPONENT libmrpc-dev
        FILES_MATCHING PATTERN *.h)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/proto/external/google ${PROJECT_SOURCE_DIR}/proto/external/grpc
        DESTINATION ${MRPC_PROTO_DIR} COMPONENT libmrpc-dev FILES_MATCHING PATTERN *.proto)

configure_package_config_file(cmake/mrpcConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/mrpcConfig.cmake
                              INSTALL_DESTINATION ${MRPC_CMAKE_DIR} PATH_VARS MRPC_PROTO_DIR)
# Until 1.0 a minor version may change the interface.
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/mrpcConfigVersion.cmake COMPATIBILITY SameMinorVersion)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig
           OUTPUT_VARIABLE MRPC_PC_PREFIX)
configure_file(cmake/libmrpc.pc.in ${CMAKE_CURRENT_BINARY_DIR}/libmrpc.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/mrpcConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/mrpcConfigVersion.cmake
              cmake/MrpcGenerate.cmake
        DESTINATION ${MRPC_CMAKE_DIR} COMPONENT libmrpc-dev)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/libmrpc.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT libmrpc-dev)

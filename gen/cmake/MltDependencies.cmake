# SPDX-License-Identifier: Apache-2.0
# The libraries that every part may link, found once for the whole tree. What one module alone needs, it finds itself.
find_package(PkgConfig REQUIRED)
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
pkg_check_modules(NGHTTP2 REQUIRED IMPORTED_TARGET GLOBAL libnghttp2>=1.52.0)
pkg_check_modules(EVENT REQUIRED IMPORTED_TARGET GLOBAL libevent_core libevent_pthreads)
pkg_check_modules(OPENSSL REQUIRED IMPORTED_TARGET GLOBAL openssl>=3.0)
pkg_check_modules(PROTOBUF_C REQUIRED IMPORTED_TARGET GLOBAL libprotobuf-c)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET GLOBAL zlib)
pkg_check_modules(FYAML REQUIRED IMPORTED_TARGET GLOBAL libfyaml)

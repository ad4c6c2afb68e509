/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_ATTRIBUTES_H
#define MRPC_ATTRIBUTES_H

#ifdef __cplusplus
#define MRPC_BEGIN_DECLS extern "C" {
#define MRPC_END_DECLS }
#else
#define MRPC_BEGIN_DECLS
#define MRPC_END_DECLS
#endif

/* The library is compiled with -fvisibility=hidden; what carries MRPC_API is its interface. */
#define MRPC_API __attribute__((visibility("default")))
#define MRPC_MUST_USE __attribute__((warn_unused_result))
#define MRPC_PRINTF(at, first) __attribute__((format(printf, at, first)))

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MRPC_BASE_SIPHASH_H
#define MRPC_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/** SipHash-1-3: a hash that a peer who does not know the key cannot aim. Thread: any.
 *  Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012. */
uint64_t mrpc_siphash(const uint64_t key[2], const void *bytes, size_t size);

#endif

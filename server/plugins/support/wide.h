/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_SUPPORT_WIDE_H
#define PLUGIN_SUPPORT_WIDE_H

/* A function that is made twice: for any processor, and for one with AVX2, which is chosen when the plugin is loaded.
 * AVX2 alone has no fused multiply-add, and what a compiler makes of a loop keeps the order of its sums: both give the
 * same bits. Sanitizers run before what would choose can. */
#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__SANITIZE_ADDRESS__) &&                                 \
    !defined(__SANITIZE_THREAD__) && !defined(__clang__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

#endif

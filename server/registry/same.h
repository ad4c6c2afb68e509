/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_SAME_H
#define REGISTRY_SAME_H

#include <stdbool.h>
#include <stddef.h>

/** True when two messages of one type say the same: absent is not empty, numbers are compared bit by bit, fields that
 *  nobody knows do not count. NULL equals NULL only. */
bool message_same(const void *a, const void *b);

/** The same for arrays as repeated fields have them. */
bool messages_same(void *const *a, size_t a_count, void *const *b, size_t b_count);
bool texts_same(char *const *a, size_t a_count, char *const *b, size_t b_count);

#endif

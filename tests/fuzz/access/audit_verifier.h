/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_FUZZ_AUDIT_VERIFIER_H
#define MLT_FUZZ_AUDIT_VERIFIER_H

#include <stdbool.h>
#include <stddef.h>

/** What `mltctl audit verify` says of the files, oldest first: true when they are whole. @head may be NULL. What it
 *  prints is thrown away. */
bool audit_verifies(char paths[][160], size_t count, const char *key, const char *head);

#endif

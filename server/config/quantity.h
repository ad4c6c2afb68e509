/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_QUANTITY_H
#define MLT_QUANTITY_H

#include <stdint.h>

/* Numbers as people write them in a configuration. Each returns 0, or -1 when the text is not one; no sign, no
 * fraction, no overflow. */
int quantity_count(const char *text, int64_t *out);
int quantity_duration_ms(const char *text, int64_t *out); /* ms, s, min, h, d; 0 without one */
int quantity_size_bytes(const char *text, int64_t *out);  /* none or B, KiB, MiB, GiB */

#endif

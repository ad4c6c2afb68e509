/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_MANUAL_H
#define MLT_MANUAL_H

#include <stdio.h>

/* Documents made of the table of configuration keys (config/keys.c), so that none of them can be out of date. */

/** The configuration file that packages install: every key with its documentation and default, commented out. */
void manual_example(FILE *out);

/** mltrainerd(8) and mltrainerd.yaml(5), in mdoc(7). */
void manual_server_page(FILE *out);
void manual_file_page(FILE *out);

#endif

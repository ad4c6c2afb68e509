/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_TEST_PRINTED_H
#define MLT_TEST_PRINTED_H

#include "execution/dataset/schema.h"
#include "table/table.h"

/* A table as the scripts that made expected/ print it, one line a value. */

/** The file FOLDER/NAMEENDING, at most 1 MiB, with a NUL behind; to be freed. */
char *printed_read(const char *folder, const char *name, const char *ending, size_t *size);
/** To be freed. */
char *printed_table(const struct dataset_schema *schema, const struct table *table);

#endif

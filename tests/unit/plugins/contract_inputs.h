/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONTRACT_INPUTS_H
#define CONTRACT_INPUTS_H

#include "execution/catalog/catalog.h"
#include "table/table.h"

/* Tables that any model of the catalog takes, made from what its configuration says: named columns by a list of
 * generators (contract_inputs.c; a new name needs a line there), features x0, x1, x2 and a target y that depends on
 * them, or returns of four assets for risk and portfolios, or their prices for indicators. The same every time. */

/** @rows rows; money (prices, strikes, and the target of a regression) multiplied by @money. NULL for a model without
 *  a table. */
struct table *contract_table(const struct catalog_model *model, int64_t rows, double money);
/** The column to learn, or NULL. */
const char *contract_target(const struct catalog_model *model);
/** Columns that are moved together, since they only make sense so: 'b' for bars, else a letter of the column's own. */
char contract_group(const char *column);
/** Is column @index one that the caller chooses, rather than one that the model asks for? */
int contract_is_feature(const struct catalog_model *model, const struct table *table, size_t index);
/** Is any column of the model money? */
int contract_has_money(const struct catalog_model *model);

#endif

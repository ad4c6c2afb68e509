/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLTCTL_PAGES_H
#define MLTCTL_PAGES_H

#include "cli.h"
#include "columns.h"

/** Call a List method until its last page and print all rows as one table, or all pages as one JSON document.
 *  @request has page_size and page_token, the response next_page_token and one repeated message: the rows. @titles as
 *  for columns_new(); @add_row adds the cells of one row. Returns the exit code. */
int pages_print(struct cli *cli, const struct mrpc_service *service, const char *method, ProtobufCMessage *request,
                const char *const *titles, void (*add_row)(struct columns *columns, const ProtobufCMessage *row));

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_ADMIN_TOKEN_MESSAGE_H
#define MLT_ADMIN_TOKEN_MESSAGE_H

#include <mltrainer/admin/v1/admin.mrpc.h>
#include <mrpc/arena.h>

#include "access/tokens.h"

/** A token as the API shows it, in @arena; texts are borrowed from the token. NULL when out of memory. */
Mltrainer__Admin__V1__Token *token_message(const struct token *token, struct mrpc_arena *arena) MRPC_MUST_USE;

#endif

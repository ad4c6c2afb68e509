/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_API_LIMITS_H
#define MLT_API_LIMITS_H

#include <mrpc/server.h>

#include "config/config.h"

/** What the configuration says under limits.*, every one of them. */
struct mrpc_limits limits_read(const struct config *config);

#endif

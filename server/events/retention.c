/* SPDX-License-Identifier: Apache-2.0 */
#include "events/retention.h"

const struct bus_topic retention_swept = {"retention.swept", sizeof(struct retention_event)};

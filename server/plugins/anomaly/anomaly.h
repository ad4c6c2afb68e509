/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_ANOMALY_ANOMALY_H
#define PLUGIN_ANOMALY_ANOMALY_H

#include "support/learner.h"

/** A learner's evaluate(): metric anomaly_share, how many of the rows do not belong. */
void anomaly_report(struct call *call, const void *state);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGIN_CURVES_H
#define PLUGIN_CURVES_H

#include "support/tabular.h"

#define CURVES(X)                                                                                                      \
    X(sector_rotation, "The sector that leads, held until another does by more.")                                      \
    X(yield_curve, "A curve through yields, with its forward rates.")

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_OTLP_COMPONENT_H
#define MLT_OTLP_COMPONENT_H

#include "container/component.h"

/** "otlp": a struct otlp_exporter, which sends followed calls to the collector that the key traces.otlp names, and
 *  nothing without one. Needs "config", "log" and "traces". */
extern const struct component otlp_component;

#endif

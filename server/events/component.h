/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EVENTS_COMPONENT_H
#define MLT_EVENTS_COMPONENT_H

#include "container/component.h"

/** Needs nothing; gives a struct bus. */
extern const struct component bus_component;
/** Has the views of traced calls followed. Needs "bus" and "traces". */
extern const struct component call_news_component;

#endif

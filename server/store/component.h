/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_COMPONENT_H
#define STORE_COMPONENT_H

#include "container/component.h"

/** Needs "config" (data_dir) and "log"; gives a struct store. */
extern const struct component store_component;

#endif

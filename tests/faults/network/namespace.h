/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_NAMESPACE_H
#define MLT_NAMESPACE_H

#include <stdbool.h>

/** Move this process, before it has threads, into a network of its own: loopback, and a pair of interfaces "near" and
 *  "far" whose far end nobody answers from. Names are resolved by 127.0.0.1:53. False: the system does not allow it, or
 *  has no ip(8). */
bool namespace_enter(void);

#endif

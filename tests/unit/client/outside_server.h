/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_OUTSIDE_SERVER_H
#define MLT_OUTSIDE_SERVER_H

#include "scripted_server.h"

#define OUTSIDE_TARGET_BYTES 96

/** A server that a channel reaches by an address beyond loopback, @target, so that clear text to it is not private. It
 *  says hello, and asserts that no request comes. False when this machine has no such address. */
bool outside_server_start(struct scripted_server *server, char target[OUTSIDE_TARGET_BYTES]);

#endif

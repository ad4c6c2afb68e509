/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_HOSTILE_PEER_H
#define MLT_HOSTILE_PEER_H

#include "session/session.h"
#include "session_driver.h"
#include "test.h"

/* Peers that break HTTP/2 or lean on it: rows H of the list of faults, each under its number. In every row the server
 * stays bounded, says GOAWAY where the connection is over, and leaves no call behind (driver_close asserts that). */

/* *@state is a struct session_driver. */

int hostile_set_up(void **state);
/** The peer has sent nothing yet. */
int hostile_set_up_silent(void **state);
/** The same, and HTTP/1.1 is off. */
int hostile_set_up_strict(void **state);
int hostile_tear_down(void **state);

#define ROW(test) cmocka_unit_test_setup_teardown(test, hostile_set_up, hostile_tear_down)
#define STRICT(test) cmocka_unit_test_setup_teardown(test, hostile_set_up_strict, hostile_tear_down)
#define SILENT(test) cmocka_unit_test_setup_teardown(test, hostile_set_up_silent, hostile_tear_down)

/** The connection was ended with GOAWAY(@code), and the observer heard @reason. */
void expect_end(struct session_driver *driver, uint32_t code, const char *reason);
void preface(struct session_driver *driver);
/** HEADERS of a Say whose message is to follow, or not. */
void begin(struct session_driver *driver, int32_t id);

#endif

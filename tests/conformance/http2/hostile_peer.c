/* SPDX-License-Identifier: Apache-2.0 */
#include "hostile_peer.h"

#include <stdlib.h>

#include "test.h"

int hostile_set_up(void **state)
{
    struct session_driver *driver = calloc(1, sizeof(*driver));
    driver_open(driver, NULL);
    *state = driver;
    return 0;
}

int hostile_set_up_silent(void **state)
{
    struct session_driver *driver = calloc(1, sizeof(*driver));
    driver_open_silent(driver, NULL);
    *state = driver;
    return 0;
}

int hostile_set_up_strict(void **state)
{
    struct session_driver *driver = calloc(1, sizeof(*driver));
    driver_open_silent_strict(driver);
    *state = driver;
    return 0;
}

int hostile_tear_down(void **state)
{
    struct session_driver *driver = *state;
    echo_service_finish_held(&driver->echo, 1);
    driver_close(driver);
    free(driver);
    return 0;
}

void expect_end(struct session_driver *driver, uint32_t code, const char *reason)
{
    assert_true(mrpc_session_finished(driver->session));
    assert_int_equal(driver_goaway(driver), code);
    if (!driver_rejected(driver, reason))
        fail_msg("rejected for: %s", driver->rejected);
}

void preface(struct session_driver *driver)
{
    raw_bytes(&driver->client, NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);
}

void begin(struct session_driver *driver, int32_t id)
{
    driver_headers(driver, id, "Say", NULL, 0);
}

/* SPDX-License-Identifier: Apache-2.0 */

#include "access/stream_quota.h"

#include <string.h>

#include "test.h"

static void a_stream_goes_on_its_callers_account(void **state)
{
    static const struct {
        enum mrpc_identity_kind kind;
        const char *name, *peer, *owner;
    } rows[] = {
        {MRPC_IDENTITY_TOKEN, "ada", "127.0.0.1:1", "token/ada"},
        {MRPC_IDENTITY_TLS, "ada", "192.0.2.1:1", "tls/ada"},
        {MRPC_IDENTITY_UNIX, "uid:7", "unix:", "unix/uid:7"},
        {MRPC_IDENTITY_ANONYMOUS, "", "192.0.2.1:4000", "address/192.0.2.1"},
        {MRPC_IDENTITY_ANONYMOUS, "", "[2001:db8:1:2:3:4:5:6]:4000", "address/2001:db8:1:2::/64"},
        {MRPC_IDENTITY_ANONYMOUS, "", "[::ffff:192.0.2.1]:4000", "address/192.0.2.1"},
        {MRPC_IDENTITY_ANONYMOUS, "", "127.1.2.3:4000", NULL},
        {MRPC_IDENTITY_ANONYMOUS, "", "[::1]:4000", NULL},
        {MRPC_IDENTITY_ANONYMOUS, "", "[::ffff:127.0.0.1]:4000", NULL},
        {MRPC_IDENTITY_ANONYMOUS, "", "unix:", NULL},
        {MRPC_IDENTITY_ANONYMOUS, "", "", NULL},
        {MRPC_IDENTITY_ANONYMOUS, "", "[2001:db8:1:2:3:4:5:6:7:8:9:a:b:c:d:e:f:0:1:2:3]:4000", NULL},
    };
    char owner[STREAM_OWNER_BYTES];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct mrpc_identity identity = {.kind = rows[i].kind, .name = rows[i].name};
        bool counted = stream_quota_owner(&identity, rows[i].peer, owner);
        if (counted != (rows[i].owner != NULL) || (counted && strcmp(owner, rows[i].owner) != 0))
            fail_msg("%s from %s: %s", rows[i].name, rows[i].peer, counted ? owner : "nobody's");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_stream_goes_on_its_callers_account)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

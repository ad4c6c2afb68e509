/* SPDX-License-Identifier: Apache-2.0 */
/* Cron: any text is refused with a reason or is an expression; then each next time matches, lies ahead, and nothing
 * between matches. The first two bytes say from when. */
#include <string.h>

#include "execution/schedule/cron.h"
#include "fuzzer.h"

enum { STEPS = 20, WALK = 3000 };

static void check(const struct cron *cron, int64_t from)
{
    for (int i = 0; i < STEPS; i++) {
        int64_t next;
        if (!cron_next(cron, from, &next))
            return;
        MUST(next > from && cron_matches(cron, next));
        for (int64_t between = from + 1; between < next && between < from + WALK; between++)
            MUST(!cron_matches(cron, between));
        from = next;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[512];
    struct cron cron;
    struct fault fault = FAULT_INIT;
    if (size < 2 || size - 2 >= sizeof text)
        return 0;
    memcpy(text, data + 2, size - 2);
    text[size - 2] = 0;
    if (cron_parse(text, &cron, &fault)) {
        MUST(fault.code == MRPC_INVALID_ARGUMENT && fault.text[0]);
        return 0;
    }
    check(&cron, (int64_t)(data[0] << 8 | data[1]) * 1000 - 5000000);
    return 0;
}

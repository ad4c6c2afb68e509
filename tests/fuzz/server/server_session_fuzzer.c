/* SPDX-License-Identifier: Apache-2.0 */
/* Z1: bytes as a client of HTTP/2 would send them, against a server session with test.Echo behind it
 * (session_run.h). */
#include "fuzzer.h"
#include "session_run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct session_run *run = calloc(1, sizeof *run);
    MUST(run != NULL);
    session_run_play(run, data, size);
    free(run);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"
#include "worker/host.h"

static const size_t sizes[] = {0, 1, 63, 64, 65, 100, 4000, 3000, 1000, 1, HOST_NEST_BYTES, HOST_NEST_BYTES + 1, 7, 64};
enum { SIZES = sizeof sizes / sizeof *sizes };

/* Each piece is aligned and zeroed, and keeps what is written there while all others are written to their ends. */
static void allocate_all(char *nest)
{
    struct host host;
    unsigned char *pieces[SIZES];
    host_init(&host, NULL, 1, 1, 1, 0);
    host.nest = nest;
    for (size_t i = 0; i < SIZES; i++) {
        pieces[i] = host.services.alloc(&host.services, sizes[i]);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % HOST_ALIGNMENT, 0);
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(pieces[i][k], 0);
        memset(pieces[i], (int)i + 1, sizes[i]);
    }
    for (size_t i = 0; i < SIZES; i++)
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(pieces[i][k], i + 1);
    assert_null(host.services.alloc(&host.services, SIZE_MAX));
    host_fini(&host);
}

static void memory_is_aligned_and_zeroed_and_apart(void **state)
{
    allocate_all(NULL);
}

static void small_pieces_share_a_nest_that_the_next_call_finds_empty(void **state)
{
    char *nest = aligned_alloc(HOST_ALIGNMENT, HOST_NEST_BYTES);
    struct host host;
    assert_non_null(nest);
    allocate_all(nest);
    allocate_all(nest);
    host_init(&host, NULL, 2, 1, 1, 0);
    host.nest = nest;
    assert_ptr_equal(host.services.alloc(&host.services, 10), nest);
    assert_ptr_equal(host.services.alloc(&host.services, HOST_NEST_BYTES - HOST_ALIGNMENT), nest + HOST_ALIGNMENT);
    char *beyond = host.services.alloc(&host.services, 1);
    assert_true(beyond < nest || beyond >= nest + HOST_NEST_BYTES);
    host_fini(&host);
    free(nest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_aligned_and_zeroed_and_apart),
        cmocka_unit_test(small_pieces_share_a_nest_that_the_next_call_finds_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

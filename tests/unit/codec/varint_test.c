/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "codec/varint.h"

static void size_and_round_trip_agree_at_every_power_of_two(void **state)
{
    for (unsigned bit = 0; bit < 64; bit++) {
        for (int delta = -1; delta <= 1; delta++) {
            uint64_t value = (UINT64_C(1) << bit) + (uint64_t)delta, read;
            uint8_t bytes[16];
            uint8_t *begin = mrpc_varint_write_backward(value, bytes + sizeof(bytes));
            size_t size = (size_t)(bytes + sizeof(bytes) - begin);
            assert_int_equal(size, mrpc_varint_size(value));
            assert_ptr_equal(mrpc_varint_read(begin, bytes + sizeof(bytes), &read), bytes + sizeof(bytes));
            assert_true(read == value);
            for (size_t cut = 0; cut < size; cut++)
                assert_null(mrpc_varint_read(begin, begin + cut, &read));
        }
    }
}

static void eleven_bytes_are_refused_and_ten_drop_high_bits(void **state)
{
    uint64_t value;
    uint8_t bytes[11];
    memset(bytes, 0xff, sizeof(bytes));
    bytes[10] = 1;
    assert_null(mrpc_varint_read(bytes, bytes + 11, &value));
    bytes[9] = 0x7f;
    assert_ptr_equal(mrpc_varint_read(bytes, bytes + 11, &value), bytes + 10);
    assert_true(value == UINT64_MAX);
}

static void zigzag_maps_small_magnitudes_to_small_numbers(void **state)
{
    static const struct {
        int64_t plain;
        uint64_t coded;
    } cases[] = {{0, 0}, {-1, 1}, {1, 2}, {-2, 3}, {INT64_MAX, UINT64_MAX - 1}, {INT64_MIN, UINT64_MAX}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(mrpc_zigzag_encode(cases[i].plain) == cases[i].coded);
        assert_true(mrpc_zigzag_decode(cases[i].coded) == cases[i].plain);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(size_and_round_trip_agree_at_every_power_of_two),
        cmocka_unit_test(eleven_bytes_are_refused_and_ten_drop_high_bits),
        cmocka_unit_test(zigzag_maps_small_magnitudes_to_small_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "codec/utf8.h"

static const struct {
    const char *text;
    size_t size;
    size_t valid;
} CASES[] = {
    {"", 0, 0},
    {"plain", 5, 5},
    {"\x7f", 1, 1},
    {"\xc2\x80", 2, 2},
    {"\xdf\xbf", 2, 2},
    {"\xe0\xa0\x80", 3, 3},
    {"\xed\x9f\xbf", 3, 3},
    {"\xee\x80\x80", 3, 3},
    {"\xef\xbf\xbf", 3, 3},
    {"\xf0\x90\x80\x80", 4, 4},
    {"\xf4\x8f\xbf\xbf", 4, 4},
    {"a\0b", 3, 3},
    {"\x80", 1, 0},     /* a continuation byte alone */
    {"\xc0\x80", 2, 0}, /* overlong */
    {"\xc1\xbf", 2, 0},
    {"\xe0\x9f\xbf", 3, 0},
    {"\xf0\x8f\xbf\xbf", 4, 0},
    {"\xed\xa0\x80", 3, 0},     /* a surrogate */
    {"\xf4\x90\x80\x80", 4, 0}, /* above U+10FFFF */
    {"\xf5\x80\x80\x80", 4, 0},
    {"\xff", 1, 0},
    {"ab\xc2", 3, 2}, /* cut */
    {"ab\xe2\x82", 4, 2},
    {"ab\xf0\x9f\x98", 5, 2},
    {"\xc2\x41", 2, 0},
};

static void finds_the_longest_well_formed_prefix(void **state)
{
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++)
        assert_int_equal(mrpc_utf8_valid_prefix(CASES[i].text, CASES[i].size), CASES[i].valid);
}

/* The fast path takes 8 bytes at a time: the same must come out wherever the text lies. */
static void the_result_does_not_depend_on_what_stands_before(void **state)
{
    char text[64];
    for (size_t before = 0; before < 24; before++) {
        for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
            memset(text, 'x', sizeof(text));
            memcpy(text + before, CASES[i].text, CASES[i].size);
            size_t valid = before + CASES[i].valid;
            assert_int_equal(mrpc_utf8_valid_prefix(text, before + CASES[i].size), valid);
            if (CASES[i].valid == CASES[i].size)
                assert_int_equal(mrpc_utf8_valid_prefix(text, before + CASES[i].size + 16), valid + 16);
        }
    }
}

static void text_stops_at_a_nul_at_every_place(void **state)
{
    char text[40];
    for (size_t nul = 0; nul < sizeof(text); nul++) {
        memset(text, 'x', sizeof(text));
        text[nul] = '\0';
        assert_int_equal(mrpc_utf8_text_prefix(text, sizeof(text)), nul);
        assert_int_equal(mrpc_utf8_valid_prefix(text, sizeof(text)), sizeof(text));
        memset(text, 1, nul); /* 0x01 bytes borrow in the word test */
        assert_int_equal(mrpc_utf8_text_prefix(text, sizeof(text)), nul);
    }
}

/* Every sequence of one to three bytes against a decoder written the long way round. */
static size_t slow_valid(const uint8_t *text, size_t size)
{
    size_t at = 0;
    while (at < size) {
        uint32_t value = text[at];
        size_t more = value < 0x80 ? 0 : value >= 0xc0 && value < 0xe0 ? 1 : value >= 0xe0 && value < 0xf0 ? 2 : 9;
        if (more == 9 || at + more >= size)
            return at;
        static const uint32_t smallest[] = {0, 0x80, 0x800};
        value &= more == 0 ? 0x7f : more == 1 ? 0x1f : 0x0f;
        for (size_t i = 1; i <= more; i++) {
            if ((text[at + i] & 0xc0) != 0x80)
                return at;
            value = value << 6 | (text[at + i] & 0x3f);
        }
        if (value < smallest[more] || (value >= 0xd800 && value < 0xe000))
            return at;
        at += more + 1;
    }
    return at;
}

static void agrees_with_a_plain_decoder_on_all_three_byte_texts(void **state)
{
    uint8_t text[3];
    for (uint32_t word = 0; word < 1u << 24; word += 1 + (word % 7 == 0)) {
        text[0] = (uint8_t)(word >> 16);
        text[1] = (uint8_t)(word >> 8);
        text[2] = (uint8_t)word;
        if (text[0] >= 0xf0 || text[1] >= 0xf0 || text[2] >= 0xf0)
            continue;
        if (mrpc_utf8_valid_prefix(text, 3) != slow_valid(text, 3))
            fail_msg("%02x %02x %02x", text[0], text[1], text[2]);
    }
}

/* Blocks of 32, words of 8 and what is left over: a bad byte shows wherever it stands. */
static void one_bad_byte_makes_a_text_no_ascii(void **state)
{
    static const char bad[] = {'\0', '\x80', '\xff'};
    char text[110];
    for (size_t size = 1; size < sizeof(text); size++) {
        memset(text, '\x7f', sizeof(text));
        assert_true(mrpc_ascii_text(text, size));
        for (size_t at = 0; at < size; at++) {
            memset(text, at % 2 == 0 ? '\x01' : '\x7f', sizeof(text));
            text[at] = bad[at % sizeof(bad)];
            assert_false(mrpc_ascii_text(text, size));
            assert_true(mrpc_ascii_text(text, at));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_longest_well_formed_prefix),
        cmocka_unit_test(the_result_does_not_depend_on_what_stands_before),
        cmocka_unit_test(one_bad_byte_makes_a_text_no_ascii),
        cmocka_unit_test(text_stops_at_a_nul_at_every_place),
        cmocka_unit_test(agrees_with_a_plain_decoder_on_all_three_byte_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

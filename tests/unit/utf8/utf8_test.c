/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "test.h"
#include "utf8/utf8.h"

/* The borders of RFC 3629's syntax. */
static void characters_are_those_of_rfc_3629(void **state)
{
    static const struct {
        const char *text;
        size_t bytes;
    } table[] = {
        {"A", 1},
        {"\x7f", 1},
        {"\xc2\x80", 2},
        {"\xdf\xbf", 2},
        {"\xe0\xa0\x80", 3},
        {"\xed\x9f\xbf", 3},
        {"\xee\x80\x80", 3},
        {"\xef\xbf\xbf", 3},
        {"\xf0\x90\x80\x80", 4},
        {"\xf4\x8f\xbf\xbf", 4},
        {"\x80", 0},
        {"\xc1\xbf", 0},
        {"\xc2", 0},
        {"\xc2\xc2", 0},
        {"\xe0\x9f\xbf", 0},
        {"\xed\xa0\x80", 0},
        {"\xef\xbf", 0},
        {"\xf0\x8f\xbf\xbf", 0},
        {"\xf4\x90\x80\x80", 0},
        {"\xf5\x80\x80\x80", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        assert_int_equal(utf8_character(table[i].text, strlen(table[i].text)), table[i].bytes);
        assert_int_equal(utf8_character(table[i].text, 4), table[i].bytes); /* it stops at the NUL */
    }
}

static void a_prefix_ends_before_what_is_no_character(void **state)
{
    char text[40];
    (void)state;
    for (size_t at = 0; at < sizeof text; at++) { /* wherever it stands among words of eight */
        memset(text, 'a', sizeof text);
        text[at] = '\xff';
        assert_int_equal(utf8_prefix(text, sizeof text), at);
        assert_false(utf8_valid(text, sizeof text));
        assert_true(utf8_valid(text, at));
    }
}

static void a_cut_character_is_mended(void **state)
{
    char good[] = "Gr\xc3\xb6\xc3\x9f" "e", cut[] = "\xe2\x82\xac\xe2\x82", bad[] = "\xff" "a\x80";
    (void)state;
    utf8_mend(good);
    assert_string_equal(good, "Gr\xc3\xb6\xc3\x9f" "e");
    utf8_mend(cut);
    assert_string_equal(cut, "\xe2\x82\xac??");
    utf8_mend(bad);
    assert_string_equal(bad, "?a?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters_are_those_of_rfc_3629),
        cmocka_unit_test(a_prefix_ends_before_what_is_no_character),
        cmocka_unit_test(a_cut_character_is_mended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

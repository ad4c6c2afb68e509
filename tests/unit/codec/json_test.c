/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <everything.mrpc.h>
#include <legacy.mrpc.h>
#include <mrpc/json.h>

#include "failing_malloc.h"

static const struct mrpc_message_info *const EVERYTHING = &mrpc__test__everything__info;

static void assert_prints(const struct mrpc_message_info *info, const void *message, unsigned flags,
                          const char *expected)
{
    char *text = NULL;
    assert_int_equal(mrpc_json_print(info, message, flags, &text), 0);
    assert_string_equal(text, expected);
    free(text);
}

static void assert_refused(const struct mrpc_message_info *info, const void *message)
{
    char *text = NULL;
    assert_int_equal(mrpc_json_print(info, message, 0, &text), MRPC_ERR_INVALID);
    assert_null(text);
}

static void defaults_are_left_out_unless_asked_for(void **state)
{
    Mrpc__Test__Leaf leaf = MRPC__TEST__LEAF__INIT;
    assert_prints(&mrpc__test__leaf__info, &leaf, 0, "{}");
    assert_prints(&mrpc__test__leaf__info, &leaf, MRPC_JSON_INDENT, "{}");
    assert_prints(&mrpc__test__leaf__info, &leaf, MRPC_JSON_DEFAULTS, "{\"number\":0,\"text\":\"\",\"numbers\":[]}");
}

static void names_are_camel_case_or_as_in_the_proto(void **state)
{
    Mrpc__Test__Everything m = MRPC__TEST__EVERYTHING__INIT;
    m.an_int32 = -5;
    assert_prints(EVERYTHING, &m, 0, "{\"anInt32\":-5}");
    assert_prints(EVERYTHING, &m, MRPC_JSON_PROTO_NAMES, "{\"an_int32\":-5}");
}

static void every_scalar_has_its_form(void **state)
{
    Mrpc__Test__Everything m = MRPC__TEST__EVERYTHING__INIT;
    char text[] = "t";
    m.an_int64 = INT64_MIN;
    m.a_uint32 = UINT32_MAX;
    m.a_uint64 = UINT64_MAX;
    m.a_sfixed32 = -1;
    m.a_bool = 1;
    m.a_string = text;
    m.some_bytes = (ProtobufCBinaryData){1, (uint8_t *)text};
    m.colour = MRPC__TEST__COLOUR__COLOUR_RED;
    assert_prints(
        EVERYTHING, &m, 0,
        "{\"anInt64\":\"-9223372036854775808\",\"aUint32\":4294967295,\"aUint64\":\"18446744073709551615\","
        "\"aSfixed32\":-1,\"aBool\":true,\"aString\":\"t\",\"someBytes\":\"dA==\",\"colour\":\"COLOUR_RED\"}");
    mrpc__test__everything__init(&m);
    m.colour = (Mrpc__Test__Colour)99;
    assert_prints(EVERYTHING, &m, 0, "{\"colour\":99}");
}

static void P13_numbers_are_the_shortest_that_read_back(void **state)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0.1, "0.1"},
        {-0.0, "-0"},
        {1e300, "1e+300"},
        {1.0 / 3, "0.3333333333333333"},
        {5e-324, "5e-324"},
        {123456789, "123456789"},
        {NAN, "\"NaN\""},
        {INFINITY, "\"Infinity\""},
        {-INFINITY, "\"-Infinity\""},
        {DBL_MAX, "1.7976931348623157e+308"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        Google__Protobuf__DoubleValue value = GOOGLE__PROTOBUF__DOUBLE_VALUE__INIT;
        value.value = cases[i].value;
        assert_prints(&google__protobuf__double_value__info, &value, 0, cases[i].text);
    }
    Mrpc__Test__Everything m = MRPC__TEST__EVERYTHING__INIT;
    m.a_float = 0.1f;
    assert_prints(EVERYTHING, &m, 0, "{\"aFloat\":0.1}");
    m.a_float = FLT_MAX;
    assert_prints(EVERYTHING, &m, 0, "{\"aFloat\":3.4028235e+38}");
}

static void strings_are_escaped(void **state)
{
    Mrpc__Test__Leaf leaf = MRPC__TEST__LEAF__INIT;
    char text[] = "a\"b\\c\n\t\x01\x7f/\xc3\xbc";
    leaf.text = text;
    assert_prints(&mrpc__test__leaf__info, &leaf, 0, "{\"text\":\"a\\\"b\\\\c\\n\\t\\u0001\\u007f/\xc3\xbc\"}");
    char bad[] = "\xff";
    leaf.text = bad;
    assert_refused(&mrpc__test__leaf__info, &leaf);
}

static void repeated_and_nested_fields_are_indented(void **state)
{
    Mrpc__Test__Leaf inner = MRPC__TEST__LEAF__INIT, leaf = MRPC__TEST__LEAF__INIT;
    int32_t numbers[] = {1, 2};
    leaf.n_numbers = 2;
    leaf.numbers = numbers;
    leaf.next = &inner;
    assert_prints(&mrpc__test__leaf__info, &leaf, 0, "{\"numbers\":[1,2],\"next\":{}}");
    assert_prints(&mrpc__test__leaf__info, &leaf, MRPC_JSON_INDENT,
                  "{\n  \"numbers\": [\n    1,\n    2\n  ],\n  \"next\": {}\n}");
}

static void maps_are_objects_whatever_their_key(void **state)
{
    Mrpc__Test__Everything m = MRPC__TEST__EVERYTHING__INIT;
    Mrpc__Test__Everything__ByFlagEntry flag = MRPC__TEST__EVERYTHING__BY_FLAG_ENTRY__INIT, *flags[] = {&flag};
    Mrpc__Test__Everything__ColoursByIdEntry id = MRPC__TEST__EVERYTHING__COLOURS_BY_ID_ENTRY__INIT, *ids[] = {&id};
    Mrpc__Test__Everything__LabelsEntry label = MRPC__TEST__EVERYTHING__LABELS_ENTRY__INIT, *labels[] = {&label};
    char key[] = "\"k\"";
    flag.key = 1;
    flag.value = 1.5;
    id.key = UINT64_MAX;
    label.key = key;
    m.n_by_flag = m.n_colours_by_id = m.n_labels = 1;
    m.by_flag = flags;
    m.colours_by_id = ids;
    m.labels = labels;
    assert_prints(EVERYTHING, &m, 0,
                  "{\"labels\":{\"\\\"k\\\"\":\"\"},\"byFlag\":{\"true\":1.5},"
                  "\"coloursById\":{\"18446744073709551615\":\"COLOUR_UNSPECIFIED\"}}");
}

static void set_fields_with_presence_are_written_even_when_zero(void **state)
{
    Mrpc__Test__Everything m = MRPC__TEST__EVERYTHING__INIT;
    mrpc__test__everything__set_maybe_int32(&m, 0);
    m.choice_case = MRPC__TEST__EVERYTHING__CHOICE_CHOICE_FLAG;
    assert_prints(EVERYTHING, &m, 0, "{\"choiceFlag\":false,\"maybeInt32\":0}");
}

static void print_time(int64_t seconds, int32_t nanos, const char *expected)
{
    Google__Protobuf__Timestamp at = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    at.seconds = seconds;
    at.nanos = nanos;
    if (expected)
        assert_prints(&google__protobuf__timestamp__info, &at, 0, expected);
    else
        assert_refused(&google__protobuf__timestamp__info, &at);
}

static void P13_timestamps_are_rfc_3339_within_their_range(void **state)
{
    print_time(0, 0, "\"1970-01-01T00:00:00Z\"");
    print_time(951782400, 500000000, "\"2000-02-29T00:00:00.500Z\"");
    print_time(1700000000, 1000, "\"2023-11-14T22:13:20.000001Z\"");
    print_time(-1, 1, "\"1969-12-31T23:59:59.000000001Z\"");
    print_time(-62135596800, 0, "\"0001-01-01T00:00:00Z\"");
    print_time(253402300799, 999999999, "\"9999-12-31T23:59:59.999999999Z\"");
    print_time(-62135596801, 0, NULL);
    print_time(253402300800, 0, NULL);
    print_time(0, -1, NULL);
    print_time(0, 1000000000, NULL);
    print_time(INT64_MAX, 0, NULL);
}

static void print_span(int64_t seconds, int32_t nanos, const char *expected)
{
    Google__Protobuf__Duration span = GOOGLE__PROTOBUF__DURATION__INIT;
    span.seconds = seconds;
    span.nanos = nanos;
    if (expected)
        assert_prints(&google__protobuf__duration__info, &span, 0, expected);
    else
        assert_refused(&google__protobuf__duration__info, &span);
}

static void P13_durations_are_seconds_within_their_range(void **state)
{
    print_span(0, 0, "\"0s\"");
    print_span(1, 500000000, "\"1.500s\"");
    print_span(0, -1000, "\"-0.000001s\"");
    print_span(-3, -1, "\"-3.000000001s\"");
    print_span(315576000000, 0, "\"315576000000s\"");
    print_span(315576000001, 0, NULL);
    print_span(1, -1, NULL);
    print_span(-1, 1, NULL);
    print_span(INT64_MIN, 0, NULL);
    print_span(0, INT32_MIN, NULL);
}

static void field_masks_are_camel_case_lists(void **state)
{
    Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
    char first[] = "foo_bar.baz", second[] = "x", bad[] = "a__b";
    char *paths[] = {first, second};
    assert_prints(&google__protobuf__field_mask__info, &mask, 0, "\"\"");
    mask.n_paths = 2;
    mask.paths = paths;
    assert_prints(&google__protobuf__field_mask__info, &mask, 0, "\"fooBar.baz,x\"");
    paths[1] = bad;
    assert_refused(&google__protobuf__field_mask__info, &mask);
}

static void dynamic_values_are_plain_json(void **state)
{
    Google__Protobuf__Value number = GOOGLE__PROTOBUF__VALUE__INIT, null = GOOGLE__PROTOBUF__VALUE__INIT,
                            list = GOOGLE__PROTOBUF__VALUE__INIT, unset = GOOGLE__PROTOBUF__VALUE__INIT;
    Google__Protobuf__ListValue values = GOOGLE__PROTOBUF__LIST_VALUE__INIT;
    Google__Protobuf__Struct structure = GOOGLE__PROTOBUF__STRUCT__INIT;
    Google__Protobuf__Struct__FieldsEntry entry = GOOGLE__PROTOBUF__STRUCT__FIELDS_ENTRY__INIT, *fields[] = {&entry};
    Google__Protobuf__Value *elements[] = {&number, &null, &unset};
    char key[] = "k";
    number.kind_case = GOOGLE__PROTOBUF__VALUE__KIND_NUMBER_VALUE;
    number.number_value = 1.5;
    null.kind_case = GOOGLE__PROTOBUF__VALUE__KIND_NULL_VALUE;
    values.n_values = 3;
    values.values = elements;
    list.kind_case = GOOGLE__PROTOBUF__VALUE__KIND_LIST_VALUE;
    list.list_value = &values;
    entry.key = key;
    entry.value = &list;
    structure.n_fields = 1;
    structure.fields = fields;
    assert_prints(&google__protobuf__struct__info, &structure, 0, "{\"k\":[1.5,null,null]}");
    number.number_value = NAN;
    assert_refused(&google__protobuf__struct__info, &structure);
}

static void an_any_shows_its_type_and_bytes(void **state)
{
    Google__Protobuf__Any any = GOOGLE__PROTOBUF__ANY__INIT;
    char type[] = "type.googleapis.com/x.Y";
    assert_prints(&google__protobuf__any__info, &any, 0, "{}");
    any.type_url = type;
    any.value = (ProtobufCBinaryData){2, (uint8_t *)type};
    assert_prints(&google__protobuf__any__info, &any, 0, "{\"@type\":\"type.googleapis.com/x.Y\",\"value\":\"dHk=\"}");
}

static void wrappers_are_their_value(void **state)
{
    Mrpc__Test__Everything m = MRPC__TEST__EVERYTHING__INIT;
    Google__Protobuf__Int64Value number = GOOGLE__PROTOBUF__INT64_VALUE__INIT;
    Google__Protobuf__BytesValue bytes = GOOGLE__PROTOBUF__BYTES_VALUE__INIT;
    Google__Protobuf__Empty empty = GOOGLE__PROTOBUF__EMPTY__INIT;
    m.wrapped_int64 = &number;
    m.wrapped_bytes = &bytes;
    m.empty = &empty;
    assert_prints(EVERYTHING, &m, 0, "{\"empty\":{},\"wrappedInt64\":\"0\",\"wrappedBytes\":\"\"}");
}

static void a_cycle_of_messages_is_refused(void **state)
{
    Mrpc__Test__Leaf leaf = MRPC__TEST__LEAF__INIT;
    leaf.next = &leaf;
    assert_refused(&mrpc__test__leaf__info, &leaf);
}

static void numbers_have_a_point_in_every_locale(void **state)
{
    Google__Protobuf__DoubleValue value = GOOGLE__PROTOBUF__DOUBLE_VALUE__INIT;
    value.value = 1.5;
    assert_non_null(setlocale(LC_NUMERIC, "de_DE.UTF-8")); /* of LOCPATH, made by the build */
    assert_prints(&google__protobuf__double_value__info, &value, 0, "1.5");
    setlocale(LC_NUMERIC, "C");
}

static void P14_each_failing_allocation_is_reported(void **state)
{
    Mrpc__Test__Leaf leaf = MRPC__TEST__LEAF__INIT;
    char text[3000];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    leaf.text = text;
    for (size_t nth = 1;; nth++) {
        char *out = NULL;
        failing_malloc_at(nth, 1);
        int error = mrpc_json_print(&mrpc__test__leaf__info, &leaf.base, 0, &out);
        failing_malloc_at(0, 0);
        assert_true((error == 0) == (out != NULL));
        free(out);
        if (!error)
            break;
        assert_int_equal(error, MRPC_ERR_NOMEM);
        assert_true(nth < 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_left_out_unless_asked_for),
        cmocka_unit_test(names_are_camel_case_or_as_in_the_proto),
        cmocka_unit_test(every_scalar_has_its_form),
        cmocka_unit_test(P13_numbers_are_the_shortest_that_read_back),
        cmocka_unit_test(strings_are_escaped),
        cmocka_unit_test(repeated_and_nested_fields_are_indented),
        cmocka_unit_test(maps_are_objects_whatever_their_key),
        cmocka_unit_test(set_fields_with_presence_are_written_even_when_zero),
        cmocka_unit_test(P13_timestamps_are_rfc_3339_within_their_range),
        cmocka_unit_test(P13_durations_are_seconds_within_their_range),
        cmocka_unit_test(field_masks_are_camel_case_lists),
        cmocka_unit_test(dynamic_values_are_plain_json),
        cmocka_unit_test(an_any_shows_its_type_and_bytes),
        cmocka_unit_test(wrappers_are_their_value),
        cmocka_unit_test(a_cycle_of_messages_is_refused),
        cmocka_unit_test(numbers_have_a_point_in_every_locale),
        cmocka_unit_test(P14_each_failing_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <everything.mrpc.h>
#include <legacy.mrpc.h>
#include <mrpc/json.h>

#include "failing_malloc.h"

/* JSON to messages: what is taken is shown by what the writer makes of it. The same against Google's implementation, on
 * many more texts: tests/conformance/codec/json_differential.py. */

static const struct mrpc_message_info *const EVERYTHING = &mrpc__test__everything__info;

static const struct mrpc_message_info *find_message(void *arg, const char *full_name)
{
    static const struct mrpc_message_info *const known[] = {
        &mrpc__test__leaf__info, &google__protobuf__duration__info, &google__protobuf__empty__info,
        &google__protobuf__any__info};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(known[i]->full_name, full_name) == 0)
            return known[i];
    return NULL;
}

static const struct mrpc_json_options known_types = {.struct_bytes = sizeof(known_types), .find = find_message};
static const struct mrpc_json_options ignoring = {
    .struct_bytes = sizeof(ignoring), .flags = MRPC_JSON_IGNORE_UNKNOWN, .find = find_message};

static void assert_read_as(const struct mrpc_message_info *info, const struct mrpc_json_options *options,
                           const char *text, const char *expected)
{
    struct mrpc_arena *arena = mrpc_arena_new(0);
    struct mrpc_decode_error error = {.reason = "", .path = ""};
    ProtobufCMessage *message = NULL;
    char *again = NULL;
    size_t size = strlen(text), again_size;
    char *exact = malloc(size + !size); /* for AddressSanitizer: it has no NUL behind it */
    memcpy(exact, text, size);
    int result = mrpc_json_decode(info, exact, size, options, arena, &message, &error);
    free(exact);
    if (result != 0)
        print_message("%s: %s: %s\n", text, error.path, error.reason);
    assert_int_equal(result, 0);
    assert_int_equal(mrpc_json_encode(info, message, options, &again, &again_size), 0);
    assert_string_equal(again, expected);
    assert_int_equal(again_size, strlen(expected));
    free(again);
    mrpc_arena_free(arena);
}

/* @where: "path: reason". */
static void assert_refused(const struct mrpc_message_info *info, const struct mrpc_json_options *options,
                           const char *text, const char *where)
{
    struct mrpc_arena *arena = mrpc_arena_new(0);
    struct mrpc_decode_error error;
    ProtobufCMessage *message = NULL;
    char said[256];
    assert_int_equal(mrpc_json_decode(info, text, strlen(text), options, arena, &message, &error), MRPC_ERR_MALFORMED);
    assert_null(message);
    assert_true(error.offset_bytes <= strlen(text));
    snprintf(said, sizeof(said), "%s: %s", error.path, error.reason);
    assert_string_equal(said, where);
    mrpc_arena_free(arena);
}

struct pair {
    const char *text;
    const char *then;
};

#define ALL(PAIRS, FUNCTION, INFO, OPTIONS)                                                                            \
    for (size_t i = 0; i < sizeof(PAIRS) / sizeof((PAIRS)[0]); i++)                                                    \
    FUNCTION(INFO, OPTIONS, (PAIRS)[i].text, (PAIRS)[i].then)

static void both_names_of_a_field_are_known(void **state)
{
    static const struct pair pairs[] = {
        {"{}", "{}"},
        {" { \"anInt32\" : 5 } ", "{\"anInt32\":5}"},
        {"{\"an_int32\":5}", "{\"anInt32\":5}"},
        {"{\"farAway\":1,\"an\\u0049nt32\":5}", "{\"anInt32\":5,\"farAway\":1}"},
        {"{\"anInt32\":null,\"leaf\":null,\"strings\":null,\"labels\":null,\"choiceText\":null}", "{}"},
    };
    ALL(pairs, assert_read_as, EVERYTHING, NULL);
}

static void P13_numbers_are_exact_or_refused(void **state)
{
    static const struct pair pairs[] = {
        {"{\"anInt32\":-2147483648}", "{\"anInt32\":-2147483648}"},
        {"{\"anInt32\":\"7\"}", "{\"anInt32\":7}"},
        {"{\"anInt32\":1e2,\"aUint32\":10.0,\"aSint32\":\"-1.5e1\"}",
         "{\"anInt32\":100,\"aUint32\":10,\"aSint32\":-15}"},
        {"{\"anInt64\":-9223372036854775808,\"aUint64\":\"18446744073709551615\"}",
         "{\"anInt64\":\"-9223372036854775808\",\"aUint64\":\"18446744073709551615\"}"},
        {"{\"aUint64\":18446744073709551615.0}", "{\"aUint64\":\"18446744073709551615\"}"},
        {"{\"aDouble\":\"-Infinity\",\"aFloat\":\"NaN\",\"doubles\":[1e308,\"0.1\",-0]}",
         "{\"aFloat\":\"NaN\",\"aDouble\":\"-Infinity\",\"doubles\":[1e+308,0.1,-0]}"},
        {"{\"aFloat\":3.4028235e38,\"floats\":[1e-60]}", "{\"aFloat\":3.4028235e+38,\"floats\":[0]}"},
    };
    static const struct pair refused[] = {
        {"{\"anInt32\":2147483648}", "an_int32: the number is not whole or does not fit"},
        {"{\"anInt32\":0.5}", "an_int32: the number is not whole or does not fit"},
        {"{\"aUint32\":-1}", "a_uint32: the number is not whole or does not fit"},
        {"{\"aUint64\":\"18446744073709551616\"}", "a_uint64: the number is not whole or does not fit"},
        {"{\"anInt64\":1e99999}", "an_int64: the number is not whole or does not fit"},
        {"{\"anInt32\":\" 1\"}", "an_int32: a number is expected here"},
        {"{\"anInt32\":\"\"}", "an_int32: a number is expected here"},
        {"{\"anInt32\":true}", "an_int32: a number is expected here"},
        {"{\"aFloat\":1e39}", "a_float: the number does not fit"},
        {"{\"aDouble\":\"1e309\"}", "a_double: the number does not fit"},
        {"{\"aDouble\":\"inf\"}", "a_double: a number is expected here"},
        {"{\"aDouble\":NaN}", "a_double: a value is expected here"},
    };
    ALL(pairs, assert_read_as, EVERYTHING, NULL);
    ALL(refused, assert_refused, EVERYTHING, NULL);
}

static void strings_bytes_and_truth(void **state)
{
    static const struct pair pairs[] = {
        {"{\"aString\":\"a\\u00e4\\ud83d\\ude00\\n\",\"aBool\":true}",
         "{\"aBool\":true,\"aString\":\"a\xc3\xa4\xf0\x9f\x98\x80\\n\"}"},
        {"{\"blocks\":[\"\",\"AAE=\",\"AAE\",\"-_8\",\"+/8=\"]}",
         "{\"blocks\":[\"\",\"AAE=\",\"AAE=\",\"+/8=\",\"+/8=\"]}"},
        {"{\"maybeString\":\"\",\"maybeBytes\":\"\",\"maybeBool\":false}",
         "{\"maybeString\":\"\",\"maybeBool\":false,\"maybeBytes\":\"\"}"},
    };
    static const struct pair refused[] = {
        {"{\"aString\":\"a\\u0000\"}", "a_string: NUL in a string"},
        {"{\"aString\":\"\xff\"}", "a_string: a string is not UTF-8"},
        {"{\"aString\":1}", "a_string: a string is expected here"},
        {"{\"someBytes\":\"A\"}", "some_bytes: a string is not base64"},
        {"{\"someBytes\":\"AA==AA==\"}", "some_bytes: a string is not base64"},
        {"{\"someBytes\":\"A A=\"}", "some_bytes: a string is not base64"},
        {"{\"someBytes\":[]}", "some_bytes: base64 in a string is expected here"},
        {"{\"aBool\":\"true\"}", "a_bool: true or false is expected here"},
        {"{\"aBool\":0}", "a_bool: true or false is expected here"},
    };
    ALL(pairs, assert_read_as, EVERYTHING, NULL);
    ALL(refused, assert_refused, EVERYTHING, NULL);
}

static void enums_come_by_name_or_number(void **state)
{
    static const struct pair pairs[] = {
        {"{\"colour\":\"COLOUR_RED\"}", "{\"colour\":\"COLOUR_RED\"}"},
        {"{\"colour\":-1}", "{\"colour\":\"COLOUR_NEGATIVE\"}"},
        {"{\"colours\":[99,1.0,\"COLOUR_GREEN\"]}", "{\"colours\":[99,\"COLOUR_RED\",\"COLOUR_GREEN\"]}"},
    };
    static const struct pair refused[] = {
        {"{\"colour\":\"red\"}", "colour: the enum has no such value"},
        {"{\"colour\":\"1\"}", "colour: the enum has no such value"},
        {"{\"colour\":\"COLOUR_RED\\u0000\"}", "colour: the enum has no such value"},
        {"{\"colours\":[0,2147483648]}", "colours[1]: the number is not whole or does not fit"},
        {"{\"colour\":false}", "colour: the name or number of an enum's value is expected here"},
    };
    ALL(pairs, assert_read_as, EVERYTHING, NULL);
    ALL(refused, assert_refused, EVERYTHING, NULL);
    assert_read_as(EVERYTHING, &ignoring,
                   "{\"colour\":\"red\",\"colours\":[\"x\",\"COLOUR_RED\"],\"coloursById\":{\"1\":\"y\"}}",
                   "{\"colours\":[\"COLOUR_RED\"]}");
}

static void lists_maps_and_oneofs(void **state)
{
    static const struct pair pairs[] = {
        {"{\"int32s\":[],\"leaves\":[{},{\"number\":1}]}", "{\"leaves\":[{},{\"number\":1}]}"},
        {"{\"labels\":{\"\":\"a\",\"k\":\"\"},\"byFlag\":{\"true\":1,\"false\":2}}",
         "{\"labels\":{\"\":\"a\",\"k\":\"\"},\"byFlag\":{\"true\":1,\"false\":2}}"},
        {"{\"leavesByNumber\":{\"-1\":{\"text\":\"t\"}},\"byFixed\":{\"9223372036854775807\":0.5}}",
         "{\"leavesByNumber\":{\"-1\":{\"text\":\"t\"}},\"byFixed\":{\"9223372036854775807\":0.5}}"},
        {"{\"choiceText\":null,\"choiceFlag\":false}", "{\"choiceFlag\":false}"},
        {"{\"choiceLeaf\":{}}", "{\"choiceLeaf\":{}}"},
    };
    static const struct pair refused[] = {
        {"{\"int32s\":1}", "int32s[0]: a list is expected here"},
        {"{\"int32s\":[1,null]}", "int32s[1]: null in a list"},
        {"{\"leaves\":[null]}", "leaves[0]: null in a list"},
        {"{\"leaves\":[{\"numbers\":[0,\"x\"]}]}", "leaves[0].numbers[1]: a number is expected here"},
        {"{\"labels\":[]}", "labels[0]: an object is expected here"},
        {"{\"labels\":{\"a\":null}}", "labels[0].value: null in a map"},
        {"{\"labels\":{\"a\":\"1\",\"a\":\"2\"}}", "labels[1]: a key comes twice"},
        {"{\"leavesByNumber\":{\"1\":{},\"1.0\":{}}}", "leaves_by_number[1]: a key comes twice"},
        {"{\"leavesByNumber\":{\"01\":{}}}", "leaves_by_number[0].key: a number is expected here"},
        {"{\"byFlag\":{\"True\":1}}", "by_flag[0].key: \"true\" or \"false\" is expected here"},
        {"{\"choiceText\":\"a\",\"choiceFlag\":true}", "choice_flag: another field of its oneof is set"},
        {"{\"leaf\":[]}", "leaf: an object is expected here"},
        {"[]", ": an object is expected here"},
        {"null", ": an object is expected here"},
    };
    ALL(pairs, assert_read_as, EVERYTHING, NULL);
    ALL(refused, assert_refused, EVERYTHING, NULL);
}

static void what_comes_twice_or_is_not_known_is_refused(void **state)
{
    static const struct pair refused[] = {
        {"{\"anInt32\":1,\"anInt32\":1}", "an_int32: the field comes twice"},
        {"{\"anInt32\":null,\"an_int32\":1}", "an_int32: the field comes twice"},
        {"{\"unknown\":1}", ": the message has no such field"},
        {"{\"leaf\":{\"Number\":1}}", "leaf: the message has no such field"},
        {"{\"\":1}", ": the message has no such field"},
        {"{\"anInt32\\u0000\":1}", ": the message has no such field"},
    };
    static const struct pair ignored[] = {
        {"{\"unknown\":{\"a\":[1,{\"b\":null}]},\"leaf\":{\"x\":\"y\",\"number\":2}}", "{\"leaf\":{\"number\":2}}"},
        {"{\"@type\":\"x\",\"anInt32\":1}", "{\"anInt32\":1}"},
    };
    ALL(refused, assert_refused, EVERYTHING, NULL);
    ALL(ignored, assert_read_as, EVERYTHING, &ignoring);
    assert_refused(EVERYTHING, &ignoring, "{\"unknown\":[1,}", ": a value is expected here");
}

static void times_and_masks(void **state)
{
    static const struct pair pairs[] = {
        {"{\"at\":\"1970-01-01T01:00:00.5+01:00\",\"span\":\"-1.25s\"}",
         "{\"at\":\"1970-01-01T00:00:00.500Z\",\"span\":\"-1.250s\"}"},
        {"{\"mask\":\"\"}", "{\"mask\":\"\"}"},
        {"{\"mask\":\"fooBar.bazQux,x\"}", "{\"mask\":\"fooBar.bazQux,x\"}"},
    };
    static const struct pair refused[] = {
        {"{\"at\":\"2023-02-29T00:00:00Z\"}", "at: a time as in RFC 3339 is expected here"},
        {"{\"at\":5}", "at: a time as in RFC 3339 is expected here"},
        {"{\"span\":\"315576000001s\"}", "span: a duration like \"1.5s\" is expected here"},
        {"{\"mask\":\"foo_bar\"}", "mask: a list of fieldNames with commas between is expected here"},
        {"{\"mask\":\"a,,b\"}", "mask: a list of fieldNames with commas between is expected here"},
        {"{\"mask\":[]}", "mask: a list of field names in a string is expected here"},
    };
    ALL(pairs, assert_read_as, EVERYTHING, NULL);
    ALL(refused, assert_refused, EVERYTHING, NULL);
}

static void dynamic_values_and_wrappers(void **state)
{
    static const struct pair pairs[] = {
        {"{\"structure\":{\"a\":[1,\"x\",true,null,{}]},\"list\":[[]],\"value\":null}",
         "{\"structure\":{\"a\":[1,\"x\",true,null,{}]},\"value\":null,\"list\":[[]]}"},
        {"{\"value\":{\"k\":1.5}}", "{\"value\":{\"k\":1.5}}"},
        {"{\"wrappedInt64\":\"5\",\"wrappedString\":\"\",\"wrappedBool\":false,\"wrappedDouble\":null}",
         "{\"wrappedString\":\"\",\"wrappedInt64\":\"5\",\"wrappedBool\":false}"},
        {"{\"empty\":{}}", "{\"empty\":{}}"},
    };
    static const struct pair refused[] = {
        {"{\"structure\":[]}", "structure.fields[0]: an object is expected here"},
        {"{\"structure\":{\"a\":1,\"a\":2}}", "structure.fields[1]: a key comes twice"},
        {"{\"list\":{}}", "list.values[0]: a list is expected here"},
        {"{\"value\":1e400}", "value.number_value: the number does not fit"},
        {"{\"wrappedUint32\":-1}", "wrapped_uint32.value: the number is not whole or does not fit"},
        {"{\"empty\":{\"a\":1}}", "empty: the message has no such field"},
    };
    ALL(pairs, assert_read_as, EVERYTHING, NULL);
    ALL(refused, assert_refused, EVERYTHING, NULL);
    assert_read_as(&google__protobuf__value__info, NULL, "null", "null");
    assert_refused(&google__protobuf__int64_value__info, NULL, "null", ": null cannot be here");
}

static void an_any_is_what_its_type_says(void **state)
{
    static const struct pair pairs[] = {
        {"{}", "{}"},
        {"{\"@type\":\"type.googleapis.com/mrpc.test.Leaf\",\"number\":5}",
         "{\"@type\":\"type.googleapis.com/mrpc.test.Leaf\",\"number\":5}"},
        {"{\"number\":5,\"@type\":\"x/mrpc.test.Leaf\"}", "{\"@type\":\"x/mrpc.test.Leaf\",\"number\":5}"},
        {"{\"value\":\"1.5s\",\"@type\":\"x/google.protobuf.Duration\"}",
         "{\"@type\":\"x/google.protobuf.Duration\",\"value\":\"1.500s\"}"},
        {"{\"@type\":\"x/google.protobuf.Empty\"}", "{\"@type\":\"x/google.protobuf.Empty\"}"},
        {"{\"@type\":\"x/google.protobuf.Any\",\"value\":{\"@type\":\"x/mrpc.test.Leaf\",\"text\":\"t\"}}",
         "{\"@type\":\"x/google.protobuf.Any\",\"value\":{\"@type\":\"x/mrpc.test.Leaf\",\"text\":\"t\"}}"},
        {"{\"@type\":\"x/not.Known\",\"value\":\"AAE=\"}", "{\"@type\":\"x/not.Known\",\"value\":\"AAE=\"}"},
    };
    static const struct pair refused[] = {
        {"{\"number\":5}", ": an Any needs its @type, a URL"},
        {"{\"@type\":\"mrpc.test.Leaf\"}", ": an Any needs its @type, a URL"},
        {"{\"@type\":1}", ": the type is to be a string"},
        {"{\"@type\":\"x/mrpc.test.Leaf\",\"@type\":\"x/mrpc.test.Leaf\"}", ": the type comes twice"},
        {"{\"@type\":\"x/mrpc.test.Leaf\",\"number\":\"x\"}", "number: a number is expected here"},
        {"{\"@type\":\"x/google.protobuf.Duration\"}", ": the value is missing"},
        {"{\"@type\":\"x/google.protobuf.Duration\",\"value\":\"1s\",\"value\":\"1s\"}", ": the value comes twice"},
        {"{\"@type\":\"x/google.protobuf.Duration\",\"value\":\"1s\",\"more\":1}", ": the message has no such field"},
        {"{\"@type\":\"x/not.Known\",\"value\":{}}", ": base64 in a string is expected here"},
    };
    ALL(pairs, assert_read_as, &google__protobuf__any__info, &known_types);
    ALL(refused, assert_refused, &google__protobuf__any__info, &known_types);
    assert_read_as(&google__protobuf__any__info, NULL, "{\"@type\":\"x/mrpc.test.Leaf\",\"value\":\"CAU=\"}",
                   "{\"@type\":\"x/mrpc.test.Leaf\",\"value\":\"CAU=\"}");
}

static void proto2_fields_must_be_there_and_have_defaults(void **state)
{
    assert_read_as(&mrpc__test__legacy__info, NULL, "{\"number\":0,\"name\":\"\",\"text\":\"\",\"level\":1}",
                   "{\"number\":0,\"name\":\"\",\"text\":\"\",\"level\":\"LEVEL_LOW\"}");
    assert_refused(&mrpc__test__legacy__info, NULL, "{\"number\":1}", "name: required field is missing");
    assert_refused(&mrpc__test__legacy__info, NULL, "{\"number\":1,\"name\":null}", "name: required field is missing");
    assert_refused(&mrpc__test__legacy_holder__info, NULL, "{\"legacy\":{}}",
                   "legacy.number: required field is missing");
}

/* @open repeated, @close repeated. */
static char *nest(const char *open, const char *close, size_t levels)
{
    char *text = calloc(levels, strlen(open) + strlen(close) + 1);
    char *at = text + 0;
    for (size_t i = 0; i < levels; i++)
        at = stpcpy(at, open);
    for (size_t i = 0; i < levels; i++)
        at = stpcpy(at, close);
    return text;
}

static int decode_nested(const struct mrpc_message_info *info, const char *open, const char *close, size_t levels)
{
    struct mrpc_arena *arena = mrpc_arena_new(0);
    ProtobufCMessage *message;
    char *text = nest(open, close, levels);
    int result = mrpc_json_decode(info, text, strlen(text), &known_types, arena, &message, NULL);
    free(text);
    mrpc_arena_free(arena);
    return result;
}

static void P11_depth_is_bounded_whatever_nests(void **state)
{
    static const size_t huge = 1000000;
    assert_int_equal(decode_nested(&google__protobuf__list_value__info, "[", "]", 50), 0);
    assert_int_equal(decode_nested(&google__protobuf__list_value__info, "[", "]", 51), MRPC_ERR_MALFORMED);
    assert_int_equal(decode_nested(&google__protobuf__list_value__info, "[", "]", huge), MRPC_ERR_MALFORMED);
    assert_int_equal(decode_nested(&google__protobuf__struct__info, "{\"a\":", "}", huge), MRPC_ERR_MALFORMED);
    assert_int_equal(decode_nested(&mrpc__test__leaf__info, "{\"next\":", "}", huge), MRPC_ERR_MALFORMED);
    assert_int_equal(decode_nested(&google__protobuf__any__info,
                                   "{\"@type\":\"x/google.protobuf.Any\",\"value\":", "}", huge), MRPC_ERR_MALFORMED);
}

/* Types that come last make every level look ahead over all that is below it. */
static void P11_looking_for_types_costs_a_few_times_the_text(void **state)
{
    static const char close[] = ",\"@type\":\"x/google.protobuf.Any\"}";
    struct mrpc_arena *arena = mrpc_arena_new(0);
    struct mrpc_decode_error error;
    ProtobufCMessage *message;
    char *shell = nest("{\"value\":", close, 60);
    size_t outside = strlen("{\"value\":") * 60, inner = 1000000, size = strlen(shell) + inner;
    char *text = malloc(size);
    memcpy(text, shell, outside);
    memset(text + outside, ' ', inner);
    text[outside] = '{';
    text[outside + inner - 1] = '}';
    memcpy(text + outside + inner, shell + outside, strlen(shell) - outside);
    assert_int_equal(mrpc_json_decode(&google__protobuf__any__info, text, size, &known_types, arena, &message, &error),
                     MRPC_ERR_MALFORMED);
    assert_string_equal(error.reason, "the types of nested Any are to come first");
    free(text);
    free(shell);
    mrpc_arena_free(arena);
}

static const char whole[] =
    "{\"anInt32\":5,\"aString\":\"t\\u00e4\",\"someBytes\":\"AAE=\",\"colour\":\"COLOUR_RED\",\"leaf\":{\"numbers\":[1,"
    "2]},"
    "\"labels\":{\"a\":\"b\"},\"choiceLeaf\":{},\"any\":{\"@type\":\"x/mrpc.test.Leaf\",\"number\":1},\"mask\":\"a,b\","
    "\"at\":\"1970-01-01T00:00:00Z\",\"structure\":{\"k\":[1.5,null]},\"wrappedInt64\":\"1\"}";

static void every_beginning_of_a_text_is_refused(void **state)
{
    for (size_t size = 0; size < sizeof(whole) - 1; size++) {
        struct mrpc_arena *arena = mrpc_arena_new(0);
        ProtobufCMessage *message = NULL;
        char *exact = malloc(size + !size);
        memcpy(exact, whole, size);
        assert_int_equal(mrpc_json_decode(EVERYTHING, exact, size, &known_types, arena, &message, NULL),
                         MRPC_ERR_MALFORMED);
        assert_null(message);
        free(exact);
        mrpc_arena_free(arena);
    }
    assert_read_as(EVERYTHING, &known_types, "{\"anInt32\":1} ", "{\"anInt32\":1}");
    assert_refused(EVERYTHING, &known_types, "{} {}", ": the text goes on after its value");
}

static void memory_is_the_arenas_budget(void **state)
{
    size_t limits[] = {2000, 3000, 4000};
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        struct mrpc_arena *arena = mrpc_arena_new(limits[i]);
        struct mrpc_decode_error error = {0};
        ProtobufCMessage *message;
        char *text = nest("{\"leaves\":[{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}],\"self\":", "}", 40);
        assert_int_equal(mrpc_json_decode(EVERYTHING, text, strlen(text), NULL, arena, &message, &error),
                         MRPC_ERR_LIMIT);
        assert_string_equal(error.reason, "memory budget is spent");
        assert_true(mrpc_arena_used_bytes(arena) <= limits[i]);
        free(text);
        mrpc_arena_free(arena);
    }
}

static void P14_each_failing_allocation_is_reported(void **state)
{
    for (size_t nth = 1;; nth++) {
        char *text = NULL;
        ProtobufCMessage *message = NULL;
        struct mrpc_arena *arena = mrpc_arena_new(0);
        failing_malloc_at(nth, 1);
        int error = mrpc_json_decode(EVERYTHING, whole, sizeof(whole) - 1, &known_types, arena, &message, NULL);
        if (!error)
            error = mrpc_json_encode(EVERYTHING, message, &known_types, &text, NULL);
        failing_malloc_at(0, 0);
        free(text);
        mrpc_arena_free(arena);
        if (!error)
            break;
        assert_int_equal(error, MRPC_ERR_NOMEM);
        assert_true(nth < 200);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_names_of_a_field_are_known),
        cmocka_unit_test(P13_numbers_are_exact_or_refused),
        cmocka_unit_test(strings_bytes_and_truth),
        cmocka_unit_test(enums_come_by_name_or_number),
        cmocka_unit_test(lists_maps_and_oneofs),
        cmocka_unit_test(what_comes_twice_or_is_not_known_is_refused),
        cmocka_unit_test(times_and_masks),
        cmocka_unit_test(dynamic_values_and_wrappers),
        cmocka_unit_test(an_any_is_what_its_type_says),
        cmocka_unit_test(proto2_fields_must_be_there_and_have_defaults),
        cmocka_unit_test(P11_depth_is_bounded_whatever_nests),
        cmocka_unit_test(P11_looking_for_types_costs_a_few_times_the_text),
        cmocka_unit_test(every_beginning_of_a_text_is_refused),
        cmocka_unit_test(memory_is_the_arenas_budget),
        cmocka_unit_test(P14_each_failing_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

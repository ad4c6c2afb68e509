/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "execution/catalog/catalog.h"
#include "execution/catalog/nearest.h"
#include "test.h"

static const char good[] = "id: m1\n"
                           "family: fam\n"
                           "algorithm: algo\n"
                           "task: regression\n"
                           "description: A model.\n"
                           "engine: by hand\n"
                           "deterministic: true\n"
                           "parameters:\n"
                           "  - {name: alpha, type: number, default: 1.0, minimum: 0, maximum: 10, doc: Weight.,\n"
                           "     aka: [lambda, C]}\n"
                           "  - {name: rounds, type: integer, minimum: 1, doc: How often.}\n"
                           "  - {name: solver, type: text, default: auto, choices: [auto, fast], doc: How.}\n"
                           "  - {name: widths, type: numbers, default: [1, 2.5], minimum: 0.5, doc: Wide.}\n"
                           "  - {name: centre, type: bool, default: false, doc: Whether.}\n"
                           "absent:\n"
                           "  - {name: n_jobs, reason: Workers are the pool's.}\n"
                           "inputs:\n"
                           "  target: required\n"
                           "  features: any\n";

struct folder {
    char root[64];
    char path[128];
};

static void write_file(const char *path, const char *text)
{
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    fputs(text, stream);
    fclose(stream);
}

static void make_folder(struct folder *folder, const char *yaml)
{
    strcpy(folder->root, "/tmp/catalog.XXXXXX");
    assert_non_null(mkdtemp(folder->root));
    snprintf(folder->path, sizeof folder->path, "%s/fam", folder->root);
    mkdir(folder->path, 0755);
    snprintf(folder->path, sizeof folder->path, "%s/fam/m1.yaml", folder->root);
    write_file(folder->path, yaml);
}

static void remove_folder(struct folder *folder)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", folder->root);
    assert_int_equal(system(command), 0);
}

static int read_text(const char *yaml, struct catalog **catalog, struct fault *fault)
{
    struct folder folder;
    make_folder(&folder, yaml);
    int code = catalog_read(folder.root, folder.root, 1, catalog, fault);
    remove_folder(&folder);
    return code;
}

/* @yaml is `good` with @old replaced by @new. */
static void replaced(const char *old, const char *new, char *out, size_t size)
{
    const char *at = strstr(good, old);
    assert_non_null(at);
    snprintf(out, size, "%.*s%s%s", (int)(at - good), good, new, at + strlen(old));
}

/* libfyaml 0.7 would not come back from the directive. */
static void a_file_that_is_no_text_is_refused_before_it_is_parsed(void **state)
{
    static const char *const wrong[] = {"%\xff\nid: m1\n", "id: m1\n%YAML \xc3(\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct catalog *catalog;
        struct fault fault = FAULT_INIT;
        assert_int_equal(read_text(wrong[i], &catalog, &fault), MRPC_INVALID_ARGUMENT);
        assert_non_null(strstr(fault.text, "not UTF-8 text"));
    }
}

static void reads_a_model_with_all_its_parameters(void **state)
{
    struct catalog *catalog;
    struct fault fault = FAULT_INIT;
    if (read_text(good, &catalog, &fault))
        fail_msg("%s", fault.text);
    const struct catalog_model *model = catalog_find_model(catalog, "m1");
    assert_non_null(model);
    assert_int_equal(model->parameter_count, 5);
    assert_true(model->parameters[0].fallback->number == 1.0 && model->parameters[0].maximum == 10);
    assert_null(model->parameters[1].fallback);
    assert_int_equal(model->parameters[2].choice_count, 2);
    assert_true(model->parameters[3].fallback->count == 2 && model->parameters[3].fallback->numbers[1] == 2.5);
    assert_int_equal(model->target, CATALOG_REQUIRED);
    assert_int_equal(strlen(model->sha256), 64);
    assert_string_equal(model->unavailable, "libmltrainer_fam.so: No such file or directory");
    const struct catalog_model *found;
    assert_int_equal(catalog_require(catalog, "m1", CATALOG_TRAIN, "spec.train.model", &found, &fault),
                     MRPC_FAILED_PRECONDITION);
    assert_int_equal(catalog_require(catalog, "n1", CATALOG_TRAIN, "spec.train.model", &found, &fault), MRPC_NOT_FOUND);
    assert_string_equal(fault.text, "spec.train.model: no model \"n1\"; is \"m1\" meant?");
    snapshot_release(&catalog->snapshot);
}

static void a_model_may_say_what_it_does_and_why_it_cannot(void **state)
{
    struct catalog *catalog;
    struct fault fault = FAULT_INIT;
    char yaml[2048];
    replaced("deterministic: true", "deterministic: true\noperation: compute\nunavailable: No weights are there.", yaml,
             sizeof yaml);
    if (read_text(yaml, &catalog, &fault))
        fail_msg("%s", fault.text);
    const struct catalog_model *model = catalog_find_model(catalog, "m1");
    assert_int_equal(model->operations, CATALOG_COMPUTE);
    assert_string_equal(model->unavailable, "No weights are there.");
    snapshot_release(&catalog->snapshot);
}

static void names_file_and_line_of_what_is_wrong(void **state)
{
    static const struct {
        const char *old, *new, *error;
    } table[] = {
        {"engine: by hand", "engin: by hand", "m1.yaml:6: unknown key \"engin\"; is \"engine\" meant?"},
        {"engine: by hand", "xyzzy: by hand", "m1.yaml:6: unknown key \"xyzzy\""},
        {"engine: by hand\n", "", "the key \"engine\" is missing"},
        {"engine: by hand", "engine: by hand\nid: m2", "m1.yaml:7: duplicate key"},
        {"task: regression", "task: regresion", "m1.yaml:4: \"regresion\" is not a task"},
        {"deterministic: true", "deterministic: true\noperation: guess",
         "m1.yaml:8: \"guess\" is neither compute nor train"},
        {"deterministic: true", "deterministic: maybe", "m1.yaml:7: \"maybe\" is neither true nor false"},
        {"default: 1.0", "default: 11", "m1.yaml:9: default of \"alpha\": 11 is above the maximum 10"},
        {"default: 1.0", "default: one", "m1.yaml:9: \"one\" is not a number"},
        {"type: integer", "type: int", "rounds: \"int\" is not a type"},
        {"default: auto", "default: slow", "default of \"solver\": \"slow\" is none of auto, fast"},
        {"name: rounds", "name: alpha", "a second parameter \"alpha\""},
        {"aka: [lambda, C]", "aka: [rounds]", "a second parameter \"rounds\""},
        {"name: n_jobs", "name: lambda", "\"lambda\" is a parameter, and absent"},
        {"id: m1", "id: m 1", "m1.yaml:1: \"m 1\" is not an identifier"},
        {"id: m1", "id: m2", "the file of model \"m2\" must be called m2.yaml"},
        {"family: fam", "family: other", "family \"other\" in the folder of \"fam\""},
        {"target: required", "target: perhaps", "m1.yaml:18: \"perhaps\" is none of required, optional and none"},
        {"features: any", "features: any\n  columns:\n    - {parameter: nope, type: number, doc: x.}",
         "input column 1: no text parameter \"nope\""},
        {"features: any", "features: any\n  columns:\n    - {type: number, doc: x.}",
         "input column 1: either name or parameter"},
        {"inputs:", "inputs: [", "m1.yaml:19: missing comma in flow sequence"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char yaml[2048];
        replaced(table[i].old, table[i].new, yaml, sizeof yaml);
        struct catalog *catalog;
        struct fault fault = FAULT_INIT;
        assert_int_equal(read_text(yaml, &catalog, &fault), MRPC_INVALID_ARGUMENT);
        if (!strstr(fault.text, table[i].error))
            fail_msg("\"%s\" instead of \"%s\"", fault.text, table[i].error);
    }
}

#define NUMBER(name_, value)                                                                                           \
    {                                                                                                                  \
        .name = name_, .kind = MLTRAINER_NUMBER, .number = value                                                       \
    }
#define INTEGER(name_, value)                                                                                          \
    {                                                                                                                  \
        .name = name_, .kind = MLTRAINER_INTEGER, .integer = value                                                     \
    }
#define TEXT(name_, value)                                                                                             \
    {                                                                                                                  \
        .name = name_, .kind = MLTRAINER_TEXT, .text = value                                                           \
    }

static int resolve(const struct mltrainer_parameter *given, size_t count, struct mrpc_arena *arena,
                   const struct mltrainer_parameter *const **out, struct fault *fault)
{
    struct catalog *catalog;
    assert_int_equal(read_text(good, &catalog, fault), 0);
    int code = catalog_resolve_parameters(catalog_find_model(catalog, "m1"), given, count, "p", arena, out, fault);
    if (!code) { /* names and texts are the catalog's */
        assert_string_equal((*out)[0]->name, "alpha");
        assert_string_equal((*out)[2]->text, "fast");
    }
    snapshot_release(&catalog->snapshot);
    return code;
}

static void fills_in_defaults_and_widens_integers(void **state)
{
    struct mrpc_arena *arena = mrpc_arena_new(0);
    const struct mltrainer_parameter *const *values;
    struct fault fault = FAULT_INIT;
    const struct mltrainer_parameter given[] = {INTEGER("rounds", 3), TEXT("solver", "fast"), INTEGER("alpha", 2)};
    assert_int_equal(resolve(given, 3, arena, &values, &fault), 0);
    assert_int_equal(values[0]->kind, MLTRAINER_NUMBER);
    assert_true(values[0]->number == 2.0);
    assert_int_equal(values[1]->integer, 3);
    assert_true(values[1]->number == 3.0);
    assert_int_equal(values[4]->kind, MLTRAINER_BOOL);
    mrpc_arena_free(arena);
}

static void names_the_parameter_that_is_wrong(void **state)
{
    static const double widths[] = {1, 0.25};
    static const struct {
        struct mltrainer_parameter given;
        const char *field, *error;
    } table[] = {
        {NUMBER("alhpa", 1), "p.alhpa", "is \"alpha\" meant?"},
        {INTEGER("n_jobs", 2), "p.n_jobs", "model m1 has no such parameter: Workers are the pool's."},
        {NUMBER("lambda", -1), "p.lambda", "-1 is below the minimum 0"},
        {NUMBER("zzzzz", 1), "p.zzzzz", "model m1 has no such parameter"},
        {NUMBER("alpha", -1), "p.alpha", "-1 is below the minimum 0"},
        {NUMBER("alpha", 10.5), "p.alpha", "10.5 is above the maximum 10"},
        {NUMBER("alpha", __builtin_nan("")), "p.alpha", "nan is not a finite number"},
        {TEXT("alpha", "1"), "p.alpha", "type number is wanted, not text"},
        {NUMBER("rounds", 2.0), "p.rounds", "type integer is wanted, not number"},
        {INTEGER("rounds", 0), "p.rounds", "0 is below the minimum 1"},
        {TEXT("solver", "slow"), "p.solver", "\"slow\" is none of auto, fast"},
        {{.name = "widths", .kind = MLTRAINER_NUMBERS, .numbers = widths, .count = 2},
         "p.widths",
         "0.25 is below the minimum 0.5"},
        {NUMBER("alpha", 1), "p.rounds", "model m1 needs this parameter"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct mrpc_arena *arena = mrpc_arena_new(0);
        const struct mltrainer_parameter *const *values;
        struct fault fault = FAULT_INIT;
        assert_int_equal(resolve(&table[i].given, 1, arena, &values, &fault), MRPC_INVALID_ARGUMENT);
        assert_string_equal(fault.field, table[i].field);
        if (!strstr(fault.text, table[i].error))
            fail_msg("\"%s\" instead of \"%s\"", fault.text, table[i].error);
        mrpc_arena_free(arena);
    }
}

static void takes_a_parameter_by_its_other_names(void **state)
{
    static const char *const names[] = {"alpha", "lambda", "C"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct mrpc_arena *arena = mrpc_arena_new(0);
        const struct mltrainer_parameter *const *values;
        struct fault fault = FAULT_INIT;
        const struct mltrainer_parameter given[] = {INTEGER("rounds", 3), TEXT("solver", "fast"),
                                                    NUMBER(names[i], 7)};
        assert_int_equal(resolve(given, 3, arena, &values, &fault), 0);
        assert_true(values[0]->number == 7);
        mrpc_arena_free(arena);
    }
}

static void refuses_two_names_of_one_parameter(void **state)
{
    struct mrpc_arena *arena = mrpc_arena_new(0);
    const struct mltrainer_parameter *const *values;
    struct fault fault = FAULT_INIT;
    const struct mltrainer_parameter given[] = {INTEGER("rounds", 3), NUMBER("lambda", 1), NUMBER("alpha", 1)};
    assert_int_equal(resolve(given, 3, arena, &values, &fault), MRPC_INVALID_ARGUMENT);
    assert_string_equal(fault.field, "p.alpha");
    assert_non_null(strstr(fault.text, "\"lambda\" and \"alpha\" as names of one parameter"));
    mrpc_arena_free(arena);
}

static void believes_a_plugin_that_was_probed(void **state)
{
    struct catalog *catalog;
    struct fault fault = FAULT_INIT;
    assert_int_equal(read_text(good, &catalog, &fault), 0);
    const struct catalog_algorithm algorithm = {"algo", CATALOG_TRAIN};
    struct catalog_plugin plugin = catalog->plugins[0];
    plugin.state = CATALOG_PLUGIN_READY;
    plugin.algorithms = &algorithm;
    plugin.algorithm_count = 1;
    struct catalog *better = catalog_with_plugins(catalog, &plugin);
    assert_non_null(better);
    snapshot_release(&catalog->snapshot);
    const struct catalog_model *model = catalog_find_model(better, "m1");
    assert_null(model->unavailable);
    assert_int_equal(model->operations, CATALOG_TRAIN);
    assert_string_equal(model->parameters[2].choices[1], "fast");
    assert_string_equal(model->parameters[0].aliases[1], "C");
    assert_string_equal(model->absences[0].name, "n_jobs");
    assert_int_equal(catalog_require(better, "m1", CATALOG_TRAIN, "f", &model, &fault), 0);
    assert_int_equal(catalog_require(better, "m1", CATALOG_COMPUTE, "f", &model, &fault), MRPC_INVALID_ARGUMENT);
    snapshot_release(&better->snapshot);
}

static void why_a_model_is_withheld_outlives_the_catalog_that_it_was_read_into(void **state)
{
    struct catalog *catalog;
    struct fault fault = FAULT_INIT;
    char yaml[2048];
    replaced("deterministic: true", "deterministic: true\nunavailable: No weights are there.", yaml, sizeof yaml);
    if (read_text(yaml, &catalog, &fault))
        fail_msg("%s", fault.text);
    struct catalog_plugin plugin = catalog->plugins[0];
    plugin.state = CATALOG_PLUGIN_READY;
    struct catalog *better = catalog_with_plugins(catalog, &plugin);
    assert_non_null(better);
    const char *before = catalog->models[0].withheld;
    assert_ptr_not_equal(better->models[0].withheld, before);
    snapshot_release(&catalog->snapshot);
    assert_string_equal(better->models[0].unavailable, "No weights are there.");
    snapshot_release(&better->snapshot);
}

static void reads_every_model_of_this_repository(void **state)
{
    struct catalog *catalog;
    struct fault fault = FAULT_INIT;
    if (catalog_read(MODELS_FOLDER, PLUGINS_FOLDER, 1, &catalog, &fault))
        fail_msg("%s", fault.text);
    assert_non_null(catalog_find_model(catalog, "ridge"));
    assert_non_null(catalog_find_model(catalog, "rsi"));
    assert_non_null(catalog_find_model(catalog, "black_scholes"));
    snapshot_release(&catalog->snapshot);
}

static const char *word(const void *names, size_t index)
{
    return ((const char *const *)names)[index];
}

static void finds_the_nearest_name(void **state)
{
    static const char *const words[] = {"ridge", "lasso", "rsi", "macd"};
    assert_string_equal(nearest_name("rigde", words, 4, word), "ridge");
    assert_string_equal(nearest_name("laso", words, 4, word), "lasso");
    assert_null(nearest_name("bollinger", words, 4, word));
    char long_text[300];
    memset(long_text, 'x', sizeof long_text);
    long_text[299] = 0;
    assert_null(nearest_name(long_text, words, 4, word));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_is_no_text_is_refused_before_it_is_parsed),
        cmocka_unit_test(reads_a_model_with_all_its_parameters),
        cmocka_unit_test(a_model_may_say_what_it_does_and_why_it_cannot),
        cmocka_unit_test(names_file_and_line_of_what_is_wrong),
        cmocka_unit_test(fills_in_defaults_and_widens_integers),
        cmocka_unit_test(names_the_parameter_that_is_wrong),
        cmocka_unit_test(takes_a_parameter_by_its_other_names),
        cmocka_unit_test(refuses_two_names_of_one_parameter),
        cmocka_unit_test(believes_a_plugin_that_was_probed),
        cmocka_unit_test(why_a_model_is_withheld_outlives_the_catalog_that_it_was_read_into),
        cmocka_unit_test(reads_every_model_of_this_repository),
        cmocka_unit_test(finds_the_nearest_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

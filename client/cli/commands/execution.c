/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/execution.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *execution_split(const char *option, const char *text, char name[129])
{
    const char *equals = strchr(text, '=');
    if (!equals || equals == text || equals - text > 128)
        exit(cli_usage("--%s: \"%s\" is not NAME=VALUE", option, text));
    memcpy(name, text, (size_t)(equals - text));
    name[equals - text] = 0;
    return equals + 1;
}

static bool parse_integer(const char *text, int64_t *out)
{
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    *out = number;
    return !errno && end != text && !*end;
}

/* "1,2.5,3", numbers only; 0 when it is something else. */
static size_t parse_numbers(const char *text, double numbers[EXECUTION_LIST_MAX])
{
    size_t count = 0;
    for (char *end; count < EXECUTION_LIST_MAX; text = end + 1) {
        numbers[count++] = strtod(text, &end);
        if (end == text || (*end && *end != ','))
            return 0;
        if (!*end)
            return count;
    }
    return 0;
}

static void set_numbers(struct execution_parameters *parameters, size_t at, size_t count)
{
    Mltrainer__Execution__V1__ParameterValue *value = &parameters->values[at];
    mltrainer__execution__v1__number_list__init(&parameters->lists[at]);
    parameters->lists[at].values = parameters->numbers[at];
    parameters->lists[at].n_values = count;
    value->kind_case = MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_NUMBERS;
    value->numbers = &parameters->lists[at];
}

/* What stands between brackets: numbers, if all of it is, else texts. */
static void parse_list(struct execution_parameters *parameters, size_t at, const char *text)
{
    Mltrainer__Execution__V1__ParameterValue *value = &parameters->values[at];
    Mltrainer__Execution__V1__TextList *list = &parameters->text_lists[at];
    char *word = parameters->words[at], *comma = word;
    if (strlen(text) > sizeof(parameters->words[at]))
        exit(cli_usage("--param: \"%.40s...\" is too long for a list", text));
    memcpy(word, text + 1, strlen(text) - 2); /* the array is all zeros */
    size_t count = parse_numbers(word, parameters->numbers[at]);
    if (count > 0) {
        set_numbers(parameters, at, count);
        return;
    }
    mltrainer__execution__v1__text_list__init(list);
    list->values = parameters->texts[at];
    for (; comma && *word; word = comma + 1) {
        if (list->n_values == EXECUTION_LIST_MAX)
            exit(cli_usage("--param: a list of more than %d", EXECUTION_LIST_MAX));
        list->values[list->n_values++] = word;
        comma = strchr(word, ',');
        if (comma)
            *comma = 0;
    }
    value->kind_case = MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_TEXTS;
    value->texts = list;
}

static void parse_value(struct execution_parameters *parameters, size_t at, const char *text)
{
    Mltrainer__Execution__V1__ParameterValue *value = &parameters->values[at];
    mltrainer__execution__v1__parameter_value__init(value);
    size_t count = strchr(text, ',') ? parse_numbers(text, parameters->numbers[at]) : 0;
    if (*text == '[' && text[strlen(text) - 1] == ']') {
        parse_list(parameters, at, text);
    } else if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
        value->kind_case = MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_BOOLEAN;
        value->boolean = *text == 't';
    } else if (parse_integer(text, &value->integer)) {
        value->kind_case = MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_INTEGER;
    } else if (cli_parse_real(text, &value->number) == 0) {
        value->kind_case = MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_NUMBER;
    } else if (count > 0) {
        set_numbers(parameters, at, count);
    } else {
        value->kind_case = MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_TEXT;
        value->text = (char *)text;
    }
}

void execution_parse_parameters(const struct cli_arguments *arguments, struct execution_parameters *out)
{
    const char *text;
    for (out->count = 0; (text = cli_option_at(arguments, "param", out->count)); out->count++) {
        if (out->count == EXECUTION_PARAMETERS_MAX)
            exit(cli_usage("more than %d parameters", EXECUTION_PARAMETERS_MAX));
        parse_value(out, out->count, execution_split("param", text, out->names[out->count]));
    }
}

static void add_column(struct execution_data *data, size_t at, const char *text)
{
    Mltrainer__Execution__V1__Column *column = &data->columns[at];
    mltrainer__execution__v1__column__init(column);
    const char *value = execution_split("value", text, data->names[at]);
    column->name = data->names[at];
    if (cli_parse_real(value, &data->numbers[at]) == 0) {
        mltrainer__execution__v1__double_values__init(&data->doubles[at]);
        data->doubles[at].values = &data->numbers[at];
        data->doubles[at].n_values = 1;
        column->values_case = MLTRAINER__EXECUTION__V1__COLUMN__VALUES_DOUBLES;
        column->doubles = &data->doubles[at];
    } else {
        mltrainer__execution__v1__text_values__init(&data->texts[at]);
        data->words[at] = (char *)value;
        data->texts[at].values = &data->words[at];
        data->texts[at].n_values = 1;
        column->values_case = MLTRAINER__EXECUTION__V1__COLUMN__VALUES_TEXTS;
        column->texts = &data->texts[at];
    }
    data->pointers[at] = column;
}

Mltrainer__Execution__V1__DataReference *execution_parse_data(const struct cli_arguments *arguments,
                                                              struct execution_data *out)
{
    const char *dataset = cli_option(arguments, "dataset", NULL), *text;
    mltrainer__execution__v1__data_reference__init(&out->reference);
    mltrainer__execution__v1__table__init(&out->table);
    if (dataset) {
        out->reference.data_case = MLTRAINER__EXECUTION__V1__DATA_REFERENCE__DATA_DATASET;
        out->reference.dataset = (char *)dataset;
        return &out->reference;
    }
    while ((text = cli_option_at(arguments, "value", out->table.n_columns))) {
        if (out->table.n_columns == EXECUTION_COLUMNS_MAX)
            exit(cli_usage("more than %d values", EXECUTION_COLUMNS_MAX));
        add_column(out, out->table.n_columns, text);
        out->table.n_columns++;
    }
    out->table.columns = out->pointers;
    out->reference.data_case = MLTRAINER__EXECUTION__V1__DATA_REFERENCE__DATA_TABLE;
    out->reference.table = &out->table;
    return out->table.n_columns ? &out->reference : NULL;
}

const char *execution_job_state(Mltrainer__Execution__V1__JobState state)
{
    static const char *const names[] = {"-",         "waiting", "queued",    "running",   "cancelling",  "retry wait",
                                        "succeeded", "failed",  "cancelled", "timed out", "interrupted", "skipped"};
    return state >= 0 && state <= 11 ? names[state] : "?";
}

bool execution_job_ended(Mltrainer__Execution__V1__JobState state)
{
    return state >= MLTRAINER__EXECUTION__V1__JOB_STATE__JOB_STATE_SUCCEEDED;
}

const char *execution_task(Mltrainer__Execution__V1__Task task)
{
    static const char *const names[] = {"-",         "regression", "classification", "clustering", "forecast",
                                        "indicator", "pricing",    "risk",           "portfolio",  "transform",
                                        "search",    "anomaly",    "control",        "test"};
    return task >= 0 && task <= 13 ? names[task] : "?";
}

/* As --param takes them: "[1,2.5,3]". */
static void list_text(const Mltrainer__Execution__V1__ParameterValue *value, char *out, size_t size)
{
    int is_numbers = value->kind_case == MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_NUMBERS;
    size_t count = is_numbers ? value->numbers->n_values : value->texts->n_values, used = 0;
    for (size_t i = 0; i < count && used < size; i++)
        used += is_numbers ? (size_t)snprintf(out + used, size - used, "%c%g", i ? ',' : '[', value->numbers->values[i])
                           : (size_t)snprintf(out + used, size - used, "%c%s", i ? ',' : '[', value->texts->values[i]);
    if (used < size)
        snprintf(out + used, size - used, "%s]", count ? "" : "[");
}

void execution_parameter_text(const Mltrainer__Execution__V1__ParameterValue *value, char *out, size_t size)
{
    *out = 0;
    switch (value ? value->kind_case : 0) {
    case MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_NUMBER:
        snprintf(out, size, "%g", value->number);
        break;
    case MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_INTEGER:
        snprintf(out, size, "%lld", (long long)value->integer);
        break;
    case MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_BOOLEAN:
        snprintf(out, size, "%s", value->boolean ? "true" : "false");
        break;
    case MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_TEXT:
        snprintf(out, size, "%s", value->text);
        break;
    case MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_NUMBERS:
    case MLTRAINER__EXECUTION__V1__PARAMETER_VALUE__KIND_TEXTS:
        list_text(value, out, size);
        break;
    default:
        snprintf(out, size, "-");
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "execution/dataset/number.h"
#include "execution/fetch/provider.h"

/* Observations of a series. Source: St. Louis Fed, FRED API, "fred/series/observations": pages by offset; "." is an
 * absent value. */

enum { PAGE_ROWS = 100000 };

static bool takes(const char *name, const char *value)
{
    static const char *const names[] = {"units", "frequency", "aggregation_method"};
    bool word =
        *value && strlen(value) <= 16 && strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(value);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return word;
    return false;
}

static int begin(const struct provider *provider, const API(HttpSource) * http, char url[PROVIDER_URL_BYTES],
                 struct fault *fault)
{
    *url = 0;
    int code = provider_append(url, fault, "%s/fred/series/observations?series_id=%s&file_type=json", provider->url,
                               http->series);
    if (!code && *http->begin_date)
        code = provider_append(url, fault, "&observation_start=%s", http->begin_date);
    if (!code && *http->end_date)
        code = provider_append(url, fault, "&observation_end=%s", http->end_date);
    for (size_t i = 0; !code && i < http->n_arguments; i++)
        code = provider_append(url, fault, "&%s=%s", http->arguments[i]->key, http->arguments[i]->value);
    return code ? code : provider_append(url, fault, "&limit=%d&offset=0", PAGE_ROWS);
}

static int take_observation(const json_t *observation, struct csv_writer *writer, struct fault *fault)
{
    const char *date = json_string_value(json_object_get(observation, "date"));
    const char *value = json_string_value(json_object_get(observation, "value"));
    int32_t days;
    double number;
    if (!date || !value || !number_date(date, strlen(date), &days))
        return provider_broken("an observation without date or value", fault);
    csv_writer_plain(writer, date, strlen(date));
    if (number_double(value, strlen(value), &number))
        csv_writer_plain(writer, value, strlen(value));
    else if (strcmp(value, ".") == 0)
        csv_writer_absent(writer);
    else
        return provider_broken("a value that is no number", fault);
    return csv_writer_end_row(writer);
}

static int take(const struct provider *provider, json_t *page, struct csv_writer *writer, char url[PROVIDER_URL_BYTES],
                struct fault *fault)
{
    json_t *observations = json_object_get(page, "observations");
    json_int_t count = json_integer_value(json_object_get(page, "count"));
    json_int_t offset = json_integer_value(json_object_get(page, "offset"));
    if (!json_is_array(observations))
        return provider_broken("no list of observations", fault);
    size_t rows = json_array_size(observations);
    int code = 0;
    for (size_t i = 0; !code && i < rows; i++)
        code = take_observation(json_array_get(observations, i), writer, fault);
    char *behind = strstr(url, "&offset=");
    bool more = rows && offset >= 0 && offset < count - (json_int_t)rows;
    if (code || !more || !behind) {
        *url = 0;
        return code;
    }
    *behind = 0;
    return provider_append(url, fault, "&offset=%lld", (long long)(offset + (json_int_t)rows));
}

const struct provider_shape fred_shape = {"fred", "date,value\n", "api_key", takes, begin, take};

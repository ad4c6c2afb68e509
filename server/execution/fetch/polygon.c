/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <time.h>

#include "execution/dataset/number.h"
#include "execution/fetch/provider.h"

/* Daily bars. Source: Polygon.io, "Aggregates (Bars)", v2: pages follow next_url. */

enum { MS_A_DAY = 86400000, PAGE_ROWS = 50000 };

static bool takes(const char *name, const char *value)
{
    return strcmp(name, "adjusted") == 0 && (strcmp(value, "true") == 0 || strcmp(value, "false") == 0);
}

static int begin(const struct provider *provider, const API(HttpSource) * http, char url[PROVIDER_URL_BYTES],
                 struct fault *fault)
{
    char today[11];
    number_date_text((int32_t)(time(NULL) / (MS_A_DAY / 1000)), today);
    *url = 0;
    return provider_append(url, fault, "%s/v2/aggs/ticker/%s/range/1/day/%s/%s?adjusted=%s&sort=asc&limit=%d",
                           provider->url, http->series, *http->begin_date ? http->begin_date : "1970-01-01",
                           *http->end_date ? http->end_date : today,
                           http->n_arguments ? http->arguments[0]->value : "true", PAGE_ROWS);
}

static int take_bar(const json_t *bar, struct csv_writer *writer, struct fault *fault)
{
    static const char *const members[] = {"o", "h", "l", "c", "v", "vw", "n"};
    char date[11];
    int64_t time_ms = json_integer_value(json_object_get(bar, "t"));
    if (!json_is_integer(json_object_get(bar, "t")) || time_ms < 0 || time_ms / MS_A_DAY > 2932896)
        return provider_broken("a bar without its time", fault);
    number_date_text((int32_t)(time_ms / MS_A_DAY), date);
    csv_writer_plain(writer, date, 10);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        provider_number(writer, json_object_get(bar, members[i]));
    return csv_writer_end_row(writer);
}

static int take(const struct provider *provider, json_t *page, struct csv_writer *writer, char url[PROVIDER_URL_BYTES],
                struct fault *fault)
{
    json_t *results = json_object_get(page, "results");
    const char *next = json_string_value(json_object_get(page, "next_url"));
    int code = !results || json_is_array(results) ? 0 : provider_broken("results that are no list", fault);
    for (size_t i = 0; !code && i < json_array_size(results); i++)
        code = take_bar(json_array_get(results, i), writer, fault);
    *url = 0;
    if (code || !next)
        return code;
    size_t origin = strlen(provider->url); /* it is not the provider who says where we go */
    if (strncmp(next, provider->url, origin) != 0 || next[origin] != '/')
        return provider_broken("a next page at another place", fault);
    return provider_append(url, fault, "%s", next);
}

const struct provider_shape polygon_shape = {
    "polygon", "date,open,high,low,close,volume,vwap,transactions\n", NULL, takes, begin, take};

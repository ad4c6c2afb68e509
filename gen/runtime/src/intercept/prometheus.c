/* SPDX-License-Identifier: Apache-2.0 */

/* A snapshot in Prometheus' text format, version 0.0.4. Names as OpenTelemetry's specification maps them ("Prometheus
 * and OpenMetrics Compatibility"): dots to underscores, the unit behind the name, _total behind a counter. */

#include <stdio.h>
#include <string.h>

#include <mrpc/metrics.h>

struct writer {
    int (*write)(void *arg, const char *text, size_t size);
    void *arg;
    int error;
    size_t used;
    char text[4096];
};

static void flush(struct writer *writer)
{
    if (writer->error == 0 && writer->used > 0)
        writer->error = writer->write(writer->arg, writer->text, writer->used);
    writer->used = 0;
}

static void put_char(struct writer *writer, char c)
{
    if (writer->used == sizeof(writer->text))
        flush(writer);
    writer->text[writer->used++] = c;
}

static void put(struct writer *writer, const char *text)
{
    for (; *text != '\0'; text++)
        put_char(writer, *text);
}

static void put_count(struct writer *writer, uint64_t number)
{
    char text[24];
    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
    put(writer, text);
}

static void put_number(struct writer *writer, double number, int digits)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "%.*g", digits, number);
    for (char *at = text; *at != '\0'; at++)
        if (strchr("0123456789+-e", *at) == NULL)
            *at = '.';   /* whatever the locale has for it */
    put(writer, text);
}

static void put_name(struct writer *writer, const struct mrpc_metric *metric)
{
    for (const char *at = metric->name; *at != '\0'; at++)
        put_char(writer, *at == '.' ? '_' : *at);
    if (strcmp(metric->unit, "s") == 0)
        put(writer, "_seconds");
    else if (strcmp(metric->unit, "By") == 0)
        put(writer, "_bytes");
    if (metric->type == MRPC_METRIC_COUNTER)
        put(writer, "_total");
}

static void put_label(struct writer *writer, const char *name, const char *value, char *separator)
{
    if (value == NULL)
        return;
    put_char(writer, *separator);
    *separator = ',';
    put(writer, name);
    put(writer, "=\"");
    for (; *value != '\0'; value++) {
        if (*value == '\\' || *value == '"')
            put_char(writer, '\\');
        put(writer, *value == '\n' ? "\\n" : (char[]){*value, '\0'});
    }
    put_char(writer, '"');
}

/* Without the closing brace: "le" may follow. */
static void put_sample(struct writer *writer, const struct mrpc_metric_point *point, const char *suffix,
                       char *separator)
{
    put_name(writer, point->metric);
    put(writer, suffix);
    *separator = '{';
    put_label(writer, "grpc_method", point->method, separator);
    put_label(writer, "grpc_status", point->status, separator);
    put_label(writer, "grpc_target", point->target, separator);
}

static void put_histogram(struct writer *writer, const struct mrpc_metric_point *point)
{
    const struct mrpc_metric *metric = point->metric;
    uint64_t below = 0;
    char separator;
    for (size_t i = 0; i <= metric->bound_count; i++) {
        below += point->buckets[i];
        put_sample(writer, point, "_bucket", &separator);
        put(writer, ",le=\"");
        if (i < metric->bound_count)
            put_number(writer, metric->bounds[i], 10);
        else
            put(writer, "+Inf");
        put(writer, "\"} ");
        put_count(writer, below);
        put_char(writer, '\n');
    }
    put_sample(writer, point, "_sum", &separator);
    put(writer, "} ");
    put_number(writer, point->sum, 15);
    put_char(writer, '\n');
    put_sample(writer, point, "_count", &separator);
    put(writer, "} ");
    put_count(writer, point->count);
    put_char(writer, '\n');
}

static void put_head(struct writer *writer, const struct mrpc_metric *metric)
{
    put(writer, "# HELP ");
    put_name(writer, metric);
    put_char(writer, ' ');
    put(writer, metric->description);
    put(writer, "\n# TYPE ");
    put_name(writer, metric);
    put(writer, metric->type == MRPC_METRIC_COUNTER ? " counter\n" : " histogram\n");
}

static void put_point(struct writer *writer, const struct mrpc_metric_point *point)
{
    if (point->metric->type == MRPC_METRIC_HISTOGRAM) {
        put_histogram(writer, point);
        return;
    }
    char separator;
    put_sample(writer, point, "", &separator);
    put(writer, "} ");
    put_count(writer, point->count);
    put_char(writer, '\n');
}

int mrpc_metrics_write_prometheus(struct mrpc_metrics *metrics,
                                  int (*write)(void *arg, const char *text, size_t size), void *arg)
{
    struct mrpc_metrics_snapshot *snapshot;
    int error = mrpc_metrics_snapshot(metrics, &snapshot);
    if (error != 0)
        return error;
    struct writer writer = {.write = write, .arg = arg};
    for (size_t i = 0; i < snapshot->count && writer.error == 0; i++) {
        const struct mrpc_metric_point *point = &snapshot->points[i];
        if (i == 0 || snapshot->points[i - 1].metric != point->metric)
            put_head(&writer, point->metric);
        put_point(&writer, point);
    }
    flush(&writer);
    mrpc_metrics_snapshot_free(snapshot);
    return writer.error;
}

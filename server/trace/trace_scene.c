/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/trace_scene.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/status.h>

#include "fault/fault.h"
#include "trace/trace.h"

enum { CALLS_SHOWN = 16, WAIT_SHOWN_US = 100 };

#define RECORDS_MAX 8 /* calls of one trace in one picture */

/* "mltrainer.registry.v1.RegistryService/Register" becomes "RegistryService/Register". */
static const char *short_method(const char *method)
{
    const char *slash = strchr(method, '/'), *at = slash ? slash : method;
    while (at > method && at[-1] != '.')
        at--;
    return at;
}

static enum scene_health health_of(const struct trace_record *record)
{
    if (record->duration_us < 0)
        return SCENE_HEALTH_UNKNOWN;
    switch (record->code) {
    case MRPC_OK:
        return SCENE_HEALTH_HEALTHY;
    case MRPC_UNKNOWN:
    case MRPC_INTERNAL:
    case MRPC_DATA_LOSS:
        return SCENE_HEALTH_DOWN;
    default:
        return SCENE_HEALTH_DEGRADED;
    }
}

static int no_memory(struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

/* ---- One trace ---- */

struct search {
    const char *wanted;
    char id[TRACE_ID_TEXT_BYTES];  /* found, of what "latest" and "slow" stand for */
    int64_t start_us;              /* of that one */
    struct trace_record *records;
    size_t count;
};

/* Health checks and views of traces would always be the latest. */
static bool is_own_view(const struct trace_record *record)
{
    return strstr(record->method, "DiagramService/") != NULL;
}

static bool choose(void *arg, const struct trace_record *record)
{
    struct search *search = arg;
    bool fits = strcmp(search->wanted, "slow") == 0 ? record->slow : !is_own_view(record);
    if (fits && record->start_us > search->start_us) {
        search->start_us = record->start_us;
        trace_id_text(record->trace_id, search->id);
    }
    return true;
}

static bool take(void *arg, const struct trace_record *record)
{
    struct search *search = arg;
    char id[TRACE_ID_TEXT_BYTES];
    trace_id_text(record->trace_id, id);
    if (strcmp(id, search->id) == 0)
        search->records[search->count++] = *record;
    return search->count < RECORDS_MAX;
}

static int find(struct trace_ring *ring, const char *argument, struct search *search, struct fault *fault)
{
    search->wanted = argument;
    bool named = strcmp(argument, "latest") != 0 && strcmp(argument, "slow") != 0;
    if (named)
        snprintf(search->id, sizeof search->id, "%s", argument);
    else if (trace_ring_each(ring, choose, search))
        return no_memory(fault);
    if (*search->id && strlen(argument) < sizeof search->id && trace_ring_each(ring, take, search))
        return no_memory(fault);
    if (search->count == 0)
        return fault_set(fault, MRPC_NOT_FOUND, "no trace \"%.40s\" is kept: the view calls shows which there are",
                         argument);
    return 0;
}

static int by_start(const void *a, const void *b)
{
    const struct trace_record *one = a, *other = b;
    return one->start_us < other->start_us ? -1 : one->start_us > other->start_us;
}

/* Who hears of a call is the same in all calls of the trace, but for the services, which stand for themselves. */
static void participant_of(const struct trace_record *record, unsigned at, struct scene_item_spec *out, char title[64])
{
    const struct trace_participant *participant = &record->participants[at];
    out->id = participant->name;
    out->icon = participant->icon;
    snprintf(title, 64, "%s", participant->name);
    *title = (char)toupper((unsigned char)*title);
    if (strcmp(participant->name, "service") == 0) {
        const char *method = short_method(record->method);
        snprintf(title, 64, "%.*s", (int)strcspn(method, "/"), method);
        out->id = title;
        out->detail = "on its connection's loop";
    } else if (strcmp(participant->name, "client") == 0) {
        out->detail = record->peer;
    } else if (participant->icon == SCENE_ICON_QUEUE) {
        out->detail = "domain loop";
    }
    out->title = title;
}

static void add_participants(struct scene_builder *b, const struct trace_record *record)
{
    char title[64];
    for (unsigned i = 0; i < record->participant_count; i++) {
        struct scene_item_spec spec = {0};
        participant_of(record, i, &spec, title);
        if (!scene_builder_has(b, spec.id))
            scene_builder_node(b, &spec);
    }
}

/* Steps by what they are. */
enum step_kind { STEP_COMMAND, STEP_ANSWER, STEP_ANSWERED /* a command that has its answer */ };

/* A step back to who asked is an answer; so is one to somebody who has already acted, from who never asks him anything:
 * a worker answers the loop that asked its pool. */
static enum step_kind kind_of(const struct trace_record *record, unsigned at, enum step_kind *kinds)
{
    const struct trace_record_step *step = &record->steps[at];
    bool asked_before = false, has_acted = false;
    for (unsigned i = at; i-- > 0;) {
        const struct trace_record_step *earlier = &record->steps[i];
        if (kinds[i] == STEP_COMMAND && earlier->from == step->to && earlier->to == step->from) {
            kinds[i] = STEP_ANSWERED;
            return STEP_ANSWER;
        }
        asked_before |= kinds[i] != STEP_ANSWER && earlier->from == step->from && earlier->to == step->to;
        has_acted |= earlier->from == step->to;
    }
    bool from_client = step->from == record->steps[0].from;
    return has_acted && !asked_before && !from_client ? STEP_ANSWER : STEP_COMMAND;
}

static void write_ms(char out[32], int64_t us)
{
    snprintf(out, 32, "%.2f ms", (double)us / 1000);
}

static void add_steps(struct scene_builder *b, const struct trace_record *record, int64_t begin_us)
{
    enum step_kind kinds[TRACE_STEPS] = {STEP_COMMAND};
    char title[2][64], when[32], waited[32], label[TRACE_LABEL_BYTES + 64];
    for (unsigned i = 0; i < record->step_count; i++) {
        const struct trace_record_step *step = &record->steps[i];
        struct scene_item_spec from = {0}, to = {0};
        participant_of(record, step->from, &from, title[0]);
        participant_of(record, step->to, &to, title[1]);
        bool answer = (kinds[i] = kind_of(record, i, kinds)) == STEP_ANSWER;
        bool ends = to.icon == SCENE_ICON_USER, failed = record->code && ends;
        snprintf(label, sizeof label, "%s",
                 *step->label ? step->label
                 : ends       ? mrpc_code_name(record->code)
                 : answer     ? "done"
                              : "command");
        write_ms(when, step->arrived_us - begin_us);
        write_ms(waited, step->arrived_us - step->left_us);
        if (step->arrived_us - step->left_us >= WAIT_SHOWN_US)
            snprintf(label + strlen(label), sizeof label - strlen(label), ", after %s", waited);
        scene_builder_edge(b, &(struct scene_edge_spec){.from = from.id, .to = to.id, .label = label, .detail = when,
                                                        .line = answer ? SCENE_LINE_DASHED : SCENE_LINE_SOLID,
                                                        .health = failed ? health_of(record) : SCENE_HEALTH_NONE});
    }
}

static void describe(struct scene_builder *b, const struct search *search)
{
    const struct trace_record *first = &search->records[0];
    char text[256], took[32];
    unsigned dropped = 0;
    for (size_t i = 0; i < search->count; i++)
        dropped += search->records[i].dropped_count;
    write_ms(took, first->duration_us);
    int used = snprintf(text, sizeof text, "Trace %s: %s in %s", search->id,
                        first->duration_us < 0 ? "under way" : mrpc_code_name(first->code),
                        first->duration_us < 0 ? "progress" : took);
    if (search->count > 1)
        used += snprintf(text + used, sizeof text - (size_t)used, ", with %zu more call%s", search->count - 1,
                         search->count > 2 ? "s" : "");
    if (dropped)
        snprintf(text + used, sizeof text - (size_t)used, "; %u further steps are not shown", dropped);
    scene_builder_describe(b, text, "A call inside the server, step by step; times since its first step.");
}

int trace_scene_call(void *self, const char *argument, struct scene **out, struct fault *fault)
{
    struct search search = {.records = calloc(RECORDS_MAX, sizeof *search.records)};
    int code = search.records ? find(self, argument, &search, fault) : no_memory(fault);
    if (!code) {
        qsort(search.records, search.count, sizeof *search.records, by_start);
        struct scene_builder *b = scene_builder_new(short_method(search.records[0].method));
        scene_builder_arrange(b, SCENE_SEQUENCE);
        describe(b, &search);
        for (size_t i = 0; i < search.count; i++)
            add_participants(b, &search.records[i]);
        for (size_t i = 0; i < search.count; i++)
            add_steps(b, &search.records[i], search.records[0].start_us);
        code = scene_builder_finish(b, out, fault);
    }
    free(search.records);
    return code;
}

/* ---- Which there are ---- */

struct summary {
    uint64_t number;
    int64_t start_us;
    char id[TRACE_ID_TEXT_BYTES];
    char title[TRACE_METHOD_BYTES];
    char detail[96];
    enum scene_health health;
};

/* The newest, newest first. */
struct shelf {
    struct summary summaries[CALLS_SHOWN];
    size_t count;
};

struct shelves {
    struct shelf slow, latest;
};

static void shelve(struct shelf *shelf, const struct trace_record *record)
{
    size_t at = shelf->count;
    while (at > 0 && shelf->summaries[at - 1].start_us < record->start_us)
        at--;
    if (at == CALLS_SHOWN)
        return;
    shelf->count += shelf->count < CALLS_SHOWN;
    memmove(&shelf->summaries[at + 1], &shelf->summaries[at], (shelf->count - 1 - at) * sizeof *shelf->summaries);
    struct summary *summary = &shelf->summaries[at];
    char took[32];
    *summary = (struct summary){.number = record->number, .start_us = record->start_us, .health = health_of(record)};
    trace_id_text(record->trace_id, summary->id);
    snprintf(summary->title, sizeof summary->title, "%s", short_method(record->method));
    write_ms(took, record->duration_us);
    snprintf(summary->detail, sizeof summary->detail, "%s", record->duration_us < 0 ? "under way" : took);
    if (record->code)
        snprintf(summary->detail + strlen(summary->detail), sizeof summary->detail - strlen(summary->detail), ", %s",
                 mrpc_code_name(record->code));
}

static bool sort_out(void *arg, const struct trace_record *record)
{
    struct shelves *shelves = arg;
    shelve(record->slow ? &shelves->slow : &shelves->latest, record);
    return true;
}

static void add_shelf(struct scene_builder *b, const char *id, const char *title, const char *kind,
                      const struct shelf *shelf)
{
    char item[32], key[64];
    if (shelf->count == 0)
        return;
    scene_builder_group(b, &(struct scene_item_spec){.id = id, .title = title, .kind = kind});
    for (size_t i = 0; i < shelf->count; i++) {
        const struct summary *summary = &shelf->summaries[i];
        snprintf(item, sizeof item, "call-%llu", (unsigned long long)summary->number);
        snprintf(key, sizeof key, "call:%s", summary->id);
        scene_builder_node(b, &(struct scene_item_spec){.id = item, .parent = id, .title = summary->title, .key = key,
                                                        .detail = summary->detail, .health = summary->health});
    }
}

int trace_scene_calls(void *self, const char *argument, struct scene **out, struct fault *fault)
{
    struct shelves *shelves = calloc(1, sizeof *shelves);
    if (!shelves || trace_ring_each(self, sort_out, shelves)) {
        free(shelves);
        return no_memory(fault);
    }
    char text[128];
    struct scene_builder *b = scene_builder_new("Traced calls");
    snprintf(text, sizeof text, "%zu slow, %zu followed step by step; each is the view call:TRACE", shelves->slow.count,
             shelves->latest.count);
    scene_builder_describe(b, text, "Calls that were followed through the server.");
    add_shelf(b, "slow", "Slow calls", "newest first", &shelves->slow);
    add_shelf(b, "latest", "Followed calls", "newest first", &shelves->latest);
    free(shelves);
    return scene_builder_finish(b, out, fault);
}

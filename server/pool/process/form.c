/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/process/form.h"

#include <stdlib.h>
#include <string.h>

struct task_form {
    uint32_t operation, threads;
    size_t feature_count, column_count;
    size_t bytes;
    char texts[]; /* one after another, each with its NUL */
};

/* A walk over all texts of a task, which stops at the first that does not please. */
struct walk {
    bool (*visit)(struct walk *walk, const char *text, size_t bytes);
    char *to;         /* for write() */
    const char *from; /* for compare() */
    size_t bytes;     /* so far, or what is left for compare() */
};

static bool measure(struct walk *walk, const char *text, size_t bytes)
{
    walk->bytes += bytes;
    return true;
}

static bool write(struct walk *walk, const char *text, size_t bytes)
{
    memcpy(walk->to, text, bytes);
    walk->to += bytes;
    return true;
}

static bool compare(struct walk *walk, const char *text, size_t bytes)
{
    if (bytes > walk->bytes || memcmp(walk->from, text, bytes) != 0)
        return false;
    walk->from += bytes;
    walk->bytes -= bytes;
    return true;
}

static bool visit(struct walk *walk, const char *text)
{
    return walk->visit(walk, text, strlen(text) + 1);
}

static bool visit_all(struct walk *walk, const struct process_job *job)
{
    const Mltrainer__Worker__Task *task = job->message;
    const char *const single[] = {task->plugin_path, task->algorithm, task->target,
                                  task->weight,      task->time,      task->group};

    for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++)
        if (!visit(walk, single[i]))
            return false;
    for (size_t i = 0; i < task->n_features; i++)
        if (!visit(walk, task->features[i]))
            return false;
    for (int64_t i = 0; i < job->schema->n_children; i++) {
        const struct ArrowSchema *column = job->schema->children[i];
        if (!visit(walk, column->name ? column->name : "") || !visit(walk, column->format))
            return false;
    }
    return true;
}

static bool values_say_it(const struct process_job *job)
{
    if (!job->schema || job->message->n_parameters || job->schema->n_children != job->array->n_children ||
        job->schema->n_children == 0)
        return false;
    for (int64_t i = 0; i < job->array->n_children; i++) {
        const struct ArrowArray *column = job->array->children[i];
        if (job->schema->children[i]->format[0] == 'u' || column->n_buffers != 2 || column->buffers[0])
            return false;
    }
    return true;
}

struct task_form *task_form_new(const struct process_job *job)
{
    struct walk walk = {.visit = measure};

    if (!values_say_it(job) || !visit_all(&walk, job))
        return NULL;
    struct task_form *form = malloc(sizeof(*form) + walk.bytes);
    if (!form)
        return NULL;
    *form = (struct task_form){.operation = job->message->operation,
                               .threads = job->message->threads,
                               .feature_count = job->message->n_features,
                               .column_count = (size_t)job->schema->n_children,
                               .bytes = walk.bytes};
    walk = (struct walk){.visit = write, .to = form->texts};
    visit_all(&walk, job);
    return form;
}

bool task_form_fits(const struct task_form *form, const struct process_job *job)
{
    struct walk walk = {.visit = compare, .from = form->texts, .bytes = form->bytes};

    return values_say_it(job) && form->operation == job->message->operation &&
           form->threads == job->message->threads && form->feature_count == job->message->n_features &&
           form->column_count == (size_t)job->schema->n_children && visit_all(&walk, job);
}

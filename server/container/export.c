/* SPDX-License-Identifier: Apache-2.0 */
#include "container/graph.h"

/* Component names are our own constants, [a-z_.-]+: nothing in them needs an escape. */

static const char *lifetime_name(const struct container_entry *entry)
{
    static const char *const names[] = {"singleton", "transient", "scoped", "factory"};
    return entry->component ? names[entry->component->lifetime] : "value";
}

void container_visit(const struct container *container,
                     void (*visit)(void *arg, const char *name, const char *lifetime, const char *const *dependencies,
                                   size_t dependency_count),
                     void *arg)
{
    for (size_t i = 0; i < container->count; i++) {
        const struct container_entry *entry = &container->entries[i];
        visit(arg, entry->name, lifetime_name(entry), entry->component ? entry->component->dependencies : NULL,
              entry->dependency_count);
    }
}

static void print_dot_node(void *arg, const char *name, const char *lifetime, const char *const *dependencies,
                           size_t dependency_count)
{
    FILE *out = arg;
    fprintf(out, "  \"%s\" [label=\"%s\\n%s\"];\n", name, name, lifetime);
    for (size_t i = 0; i < dependency_count; i++)
        fprintf(out, "  \"%s\" -> \"%s\";\n", name, dependencies[i]);
}

void container_print_dot(const struct container *container, FILE *out)
{
    fputs("digraph components {\n  rankdir=TB;\n  node [shape=box];\n", out);
    container_visit(container, print_dot_node, out);
    fputs("}\n", out);
}

struct json {
    FILE *out;
    size_t printed;
};

static void print_json_node(void *arg, const char *name, const char *lifetime, const char *const *dependencies,
                            size_t dependency_count)
{
    struct json *json = arg;
    fprintf(json->out, "%s\n  {\"name\": \"%s\", \"lifetime\": \"%s\", \"dependencies\": [", json->printed++ ? "," : "",
            name, lifetime);
    for (size_t i = 0; i < dependency_count; i++)
        fprintf(json->out, "%s\"%s\"", i ? ", " : "", dependencies[i]);
    fputs("]}", json->out);
}

void container_print_json(const struct container *container, FILE *out)
{
    struct json json = {out, 0};
    fputs("{\"components\": [", out);
    container_visit(container, print_json_node, &json);
    fputs("\n]}\n", out);
}

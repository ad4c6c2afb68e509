/* SPDX-License-Identifier: Apache-2.0 */
#include "container/graph.h"

/* Component names are our own constants, [a-z_.-]+: nothing in them needs an escape. */

static const char *lifetime_name(const struct container_entry *entry)
{
    static const char *const names[] = {"singleton", "transient", "scoped", "factory"};
    return entry->component ? names[entry->component->lifetime] : "value";
}

void container_visit(const struct container *container, void (*visit)(void *arg, const struct container_node *node),
                     void *arg)
{
    for (size_t i = 0; i < container->count; i++) {
        const struct container_entry *entry = &container->entries[i];
        const char *dependencies[CONTAINER_LINKS];
        struct container_node node = {
            .name = entry->name, .lifetime = lifetime_name(entry), .dependencies = dependencies};
        if (entry->component) {
            node.provides = entry->component->provides;
            node.key = entry->component->key;
            node.decorates = entry->component->decorates;
        }
        for (size_t j = 0; j < entry->need_count; j++)
            for (size_t k = 0; k < entry->needs[j].count; k++)
                dependencies[node.dependency_count++] =
                    container->entries[container->links[entry->needs[j].first + k]].name;
        visit(arg, &node);
    }
}

static void print_dot_node(void *arg, const struct container_node *node)
{
    FILE *out = arg;
    fprintf(out, "  \"%s\" [label=\"%s\\n%s%s%s\"];\n", node->name, node->name, node->lifetime,
            node->provides ? "\\nprovides " : "", node->provides ? node->provides : "");
    for (size_t i = 0; i < node->dependency_count; i++)
        fprintf(out, "  \"%s\" -> \"%s\";\n", node->name, node->dependencies[i]);
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

static void print_json_text(FILE *out, const char *member, const char *text)
{
    if (text)
        fprintf(out, ", \"%s\": \"%s\"", member, text);
}

static void print_json_node(void *arg, const struct container_node *node)
{
    struct json *json = arg;
    fprintf(json->out, "%s\n  {\"name\": \"%s\", \"lifetime\": \"%s\"", json->printed++ ? "," : "", node->name,
            node->lifetime);
    print_json_text(json->out, "provides", node->provides);
    print_json_text(json->out, "key", node->key);
    print_json_text(json->out, "decorates", node->decorates);
    fputs(", \"dependencies\": [", json->out);
    for (size_t i = 0; i < node->dependency_count; i++)
        fprintf(json->out, "%s\"%s\"", i ? ", " : "", node->dependencies[i]);
    fputs("]}", json->out);
}

void container_print_json(const struct container *container, FILE *out)
{
    struct json json = {out, 0};
    fputs("{\"components\": [", out);
    container_visit(container, print_json_node, &json);
    fputs("\n]}\n", out);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/registry_filter.h"

#include <stdlib.h>
#include <string.h>

/* All values of a repeated option. */
static size_t read_texts(const struct cli_arguments *arguments, const char *name, char **out)
{
    size_t count = 0;
    const char *text;
    while ((text = cli_option_at(arguments, name, count))) {
        if (count == REGISTRY_CONDITIONS_MAX)
            exit(cli_usage("--%s: at most %d times", name, REGISTRY_CONDITIONS_MAX));
        out[count++] = (char *)text;
    }
    return count;
}

static void read_typed(const char *text, Mltrainer__Registry__V1__MetadataValue *value)
{
    char *end;
    value->kind_case = MLTRAINER__REGISTRY__V1__METADATA_VALUE__KIND_FLAG;
    value->flag = strcmp(text, "true") == 0;
    if (value->flag || strcmp(text, "false") == 0)
        return;
    value->kind_case = MLTRAINER__REGISTRY__V1__METADATA_VALUE__KIND_INTEGER;
    value->integer = strtoll(text, &end, 10);
    if (end != text && !*end)
        return;
    value->kind_case = MLTRAINER__REGISTRY__V1__METADATA_VALUE__KIND_NUMBER;
    if (cli_parse_real(text, &value->number) != 0)
        exit(cli_usage("--metadata: \"%s\" is neither a number nor true or false", text));
}

static void read_match(const char *text, struct registry_filter *out, size_t at)
{
    Mltrainer__Registry__V1__MetadataMatch *match = &out->matches[at];
    Mltrainer__Registry__V1__MetadataValue *value = &out->values[at];
    const char *equals = strchr(text, '=');
    bool typed = equals && equals > text && equals[-1] == ':';
    size_t length = equals ? (size_t)(equals - text) - typed : strlen(text);
    mltrainer__registry__v1__metadata_match__init(match);
    mltrainer__registry__v1__metadata_value__init(value);
    if (length == 0 || length >= sizeof out->keys[at])
        exit(cli_usage("--metadata: \"%s\" has no key, or one that is too long", text));
    memcpy(out->keys[at], text, length);
    out->keys[at][length] = '\0';
    match->key = out->keys[at];
    out->metadata[at] = match;
    if (!equals)
        return;
    match->value = value;
    if (typed) {
        read_typed(equals + 1, value);
        return;
    }
    value->kind_case = MLTRAINER__REGISTRY__V1__METADATA_VALUE__KIND_TEXT;
    value->text = (char *)equals + 1;
}

static Mltrainer__Registry__V1__HealthState read_state(const char *text)
{
    static const char *const names[] = {"", "unknown", "healthy", "unhealthy"};
    for (int i = 1; i < 4; i++)
        if (strcmp(text, names[i]) == 0)
            return (Mltrainer__Registry__V1__HealthState)i;
    exit(cli_usage("--health: \"%s\" is not healthy, unhealthy or unknown", text));
}

Mltrainer__Registry__V1__InstanceFilter *registry_filter_read(const struct cli_arguments *arguments,
                                                              struct registry_filter *out)
{
    Mltrainer__Registry__V1__InstanceFilter *filter = &out->filter;
    char *texts[REGISTRY_CONDITIONS_MAX];
    mltrainer__registry__v1__instance_filter__init(filter);
    filter->version_range = (char *)cli_option(arguments, "version", "");
    filter->protocol = (char *)cli_option(arguments, "protocol", "");
    filter->zones = out->zones;
    filter->n_zones = read_texts(arguments, "zone", out->zones);
    filter->tags = out->tags;
    filter->n_tags = read_texts(arguments, "tag", out->tags);
    filter->metadata = out->metadata;
    filter->n_metadata = read_texts(arguments, "metadata", texts);
    for (size_t i = 0; i < filter->n_metadata; i++)
        read_match(texts[i], out, i);
    filter->states = out->states;
    filter->n_states = read_texts(arguments, "health", texts);
    for (size_t i = 0; i < filter->n_states; i++)
        out->states[i] = read_state(texts[i]);
    bool any = *filter->version_range || *filter->protocol || filter->n_zones || filter->n_tags || filter->n_metadata ||
               filter->n_states;
    return any ? filter : NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"

#include <ctype.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/error.h>

#include "config/quantity.h"

enum { KEYS_MAX = 128, LIST_MAX = 32, SHOWN_BYTES = 8192 /* of a text that is printed */ };

/* Where a value comes from; a later one wins. */
enum source { FROM_TABLE, FROM_FILE, FROM_ENVIRONMENT, FROM_FLAGS };

struct value {
    char *texts[LIST_MAX];
    size_t count;
    _Atomic int64_t number; /* read on any thread while a reload takes it over */
    enum source source;
};

struct config {
    pthread_mutex_t texts_lock; /* of those that a reload may take over */
    enum source source; /* that is being read */
    struct value values[KEYS_MAX];
};

static size_t key_count(void)
{
    size_t count = 0;
    while (config_keys[count].name)
        count++;
    return count;
}

static const struct config_key *find_key(const char *name)
{
    for (const struct config_key *key = config_keys; key->name; key++)
        if (strcmp(key->name, name) == 0)
            return key;
    return NULL;
}

/* How many single-letter edits lie between two names. Source: Levenshtein 1966. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t row[64], length = strlen(b);
    if (length >= 63)
        return 99;
    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= length; j++) {
            size_t replace = diagonal + (a[i - 1] != b[j - 1]);
            size_t least = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            diagonal = row[j];
            row[j] = replace < least ? replace : least;
        }
    }
    return row[length];
}

static const char *nearest_name(const char *name)
{
    const char *nearest = config_keys[0].name;
    for (const struct config_key *key = config_keys; key->name; key++)
        if (edit_distance(name, key->name) < edit_distance(name, nearest))
            nearest = key->name;
    return nearest;
}

static void forget(struct value *value)
{
    for (size_t i = 0; i < value->count; i++)
        free(value->texts[i]);
    value->count = 0;
}

static int check(const struct config_key *key, const char *text, int64_t *number)
{
    switch (key->type) {
    case CONFIG_TEXT:
    case CONFIG_LIST:
        return *text ? 0 : -1;
    case CONFIG_SWITCH:
        *number = strcmp(text, "true") == 0 || strcmp(text, "on") == 0;
        return *number || strcmp(text, "false") == 0 || strcmp(text, "off") == 0 ? 0 : -1;
    case CONFIG_COUNT:
        return quantity_count(text, number);
    case CONFIG_DURATION:
        return quantity_duration_ms(text, number);
    case CONFIG_SIZE:
        return quantity_size_bytes(text, number);
    }
    return -1;
}

static const char *expectation(const struct config_key *key)
{
    static const char *const texts[] = {"a text that is not empty", "a text that is not empty", "true or false",
                                        "a whole number", "a duration such as 250ms, 30s, 5min or 2h",
                                        "a size such as 64KiB, 16MiB or 4GiB"};
    return texts[key->type];
}

static bool is_number(const struct config_key *key)
{
    return key->type == CONFIG_COUNT || key->type == CONFIG_DURATION || key->type == CONFIG_SIZE;
}

/* What stands in a list already stays if it is @since this source or a later one. */
static int store(struct config *config, const struct config_key *key, const char *text, enum source since,
                 const char *source, struct fault *fault)
{
    struct value *value = &config->values[key - config_keys];
    int64_t number = 0;
    if (check(key, text, &number) != 0)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "%s: %s: \"%s\" is not %s", source, key->name, text,
                         expectation(key));
    if (is_number(key) && (number < key->least || number > key->most))
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "%s: %s: %s is not in %lld..%lld", source, key->name, text,
                         (long long)key->least, (long long)key->most);
    if (value->source < since || key->type != CONFIG_LIST)
        forget(value);
    if (value->count == LIST_MAX)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "%s: %s: more than %d entries", source, key->name, LIST_MAX);
    char *copy = strdup(text);
    if (!copy)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    value->texts[value->count++] = copy;
    value->number = number;
    value->source = config->source;
    return 0;
}

int config_new(struct config **out)
{
    struct config *config = key_count() <= KEYS_MAX ? calloc(1, sizeof *config) : NULL;
    if (!config)
        return MRPC_ERR_NOMEM;
    pthread_mutex_init(&config->texts_lock, NULL);
    for (const struct config_key *key = config_keys; key->name; key++)
        if (key->fallback && store(config, key, key->fallback, FROM_TABLE, "default", NULL) != 0) {
            config_free(config);
            return MRPC_ERR_INVALID;
        }
    config->source = FROM_FILE;
    *out = config;
    return 0;
}

void config_free(struct config *config)
{
    if (!config)
        return;
    for (size_t i = 0; i < KEYS_MAX; i++)
        forget(&config->values[i]);
    pthread_mutex_destroy(&config->texts_lock);
    free(config);
}

int config_set(struct config *config, const char *name, const char *text, const char *source, struct fault *fault)
{
    const struct config_key *key = find_key(name);
    if (!key)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "%s: unknown key \"%.100s\"; the nearest is \"%s\"", source,
                         name, nearest_name(name));
    return store(config, key, text, config->source, source, fault);
}

int config_add(struct config *config, const char *name, const char *text, const char *source, struct fault *fault)
{
    const struct config_key *key = find_key(name);
    if (!key || key->type != CONFIG_LIST)
        abort();
    struct value *value = &config->values[key - config_keys];
    enum source began = value->source > FROM_FILE ? value->source : FROM_FILE;
    int code = store(config, key, text, FROM_FILE, source, fault);
    if (!code)
        value->source = began;
    return code;
}

void config_begin_flags(struct config *config)
{
    config->source = FROM_FLAGS;
}

void config_begin_file(struct config *config)
{
    config->source = FROM_FILE;
}

void config_empty(struct config *config, const char *name)
{
    const struct config_key *key = find_key(name);
    if (!key || key->type != CONFIG_LIST)
        abort();
    forget(&config->values[key - config_keys]);
}

/* Does @spelled, with @separator for '.' and '_', name @key? */
static bool spells(const char *spelled, const char *key, char separator)
{
    for (; *spelled && *key; spelled++, key++) {
        char expected = *key == '.' || *key == '_' ? separator : *key;
        if (tolower((unsigned char)*spelled) != expected)
            return false;
    }
    return !*spelled && !*key;
}

const struct config_key *config_find_flag(const char *flag)
{
    if (strncmp(flag, "--", 2) != 0)
        return NULL;
    for (const struct config_key *key = config_keys; key->name; key++)
        if (spells(flag + 2, key->name, '-'))
            return key;
    return NULL;
}

/* What mltctl and the examples read; a shell that has them set may start a server too. */
static bool is_of_the_client(const char *name)
{
    static const char *const names[] = {"MLTRAINER_SERVER", "MLTRAINER_CA", "MLTRAINER_TOKEN", "MLTRAINER_TOKEN_FILE"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static int read_variable(struct config *config, const char *variable, struct fault *fault)
{
    const char *equals = strchr(variable, '=');
    char name[64];
    if (!equals || (size_t)(equals - variable) >= sizeof name)
        return 0;
    memcpy(name, variable, (size_t)(equals - variable));
    name[equals - variable] = 0;
    if (is_of_the_client(name))
        return 0;
    for (const struct config_key *key = config_keys; key->name; key++)
        if (spells(name + strlen("MLTRAINER_"), key->name, '_'))
            return store(config, key, equals + 1, FROM_ENVIRONMENT, name, fault);
    return fault_set(fault, MRPC_INVALID_ARGUMENT, "%s: no such setting", name);
}

int config_read_environment(struct config *config, char *const *environment, struct fault *fault)
{
    config->source = FROM_ENVIRONMENT;
    for (; *environment; environment++) {
        if (strncmp(*environment, "MLTRAINER_", strlen("MLTRAINER_")) != 0)
            continue;
        int code = read_variable(config, *environment, fault);
        if (code)
            return code;
    }
    return 0;
}

static const struct value *expect(const struct config *config, const char *name, bool is_list, bool is_text)
{
    const struct config_key *key = find_key(name);
    if (!key || (key->type == CONFIG_LIST) != is_list || (key->type == CONFIG_TEXT) != is_text)
        abort();
    return &config->values[key - config_keys];
}

const char *config_text(const struct config *config, const char *name)
{
    const struct value *value = expect(config, name, false, true);
    return value->count ? value->texts[0] : NULL;
}

bool config_switch(const struct config *config, const char *name)
{
    return expect(config, name, false, false)->number != 0;
}

int64_t config_number(const struct config *config, const char *name)
{
    return expect(config, name, false, false)->number;
}

size_t config_list_count(const struct config *config, const char *name)
{
    return expect(config, name, true, false)->count;
}

const char *config_list_item(const struct config *config, const char *name, size_t index)
{
    return expect(config, name, true, false)->texts[index];
}

static void print_text(const char *before, const char *text, FILE *out)
{
    char shown[SHOWN_BYTES];
    config_redact(text, shown, sizeof shown);
    fprintf(out, "%s\"%s\"\n", before, shown);
}

static void print_value(const struct config_key *key, const struct value *value, FILE *out)
{
    if (key->type == CONFIG_LIST) {
        fprintf(out, "%s:\n", key->name);
        for (size_t i = 0; i < value->count; i++)
            print_text("  - ", value->texts[i], out);
        return;
    }
    fprintf(out, "%s: ", key->name);
    if (key->type == CONFIG_TEXT)
        print_text("", value->texts[0], out);
    else
        fprintf(out, "%s\n", value->texts[0]);
}

bool config_same(const struct config *a, const struct config *b, const struct config_key *key)
{
    const struct value *one = &a->values[key - config_keys], *other = &b->values[key - config_keys];
    bool same = one->count == other->count;
    for (size_t i = 0; same && i < one->count; i++)
        same = strcmp(one->texts[i], other->texts[i]) == 0;
    return same;
}

int config_take(struct config *config, const struct config *from, const struct config_key *key)
{
    struct value *value = &config->values[key - config_keys];
    const struct value *other = &from->values[key - config_keys];
    struct value copy = {.count = 0};
    for (size_t i = 0; i < other->count; i++) {
        if (!(copy.texts[i] = strdup(other->texts[i]))) {
            forget(&copy);
            return MRPC_ERR_NOMEM;
        }
        copy.count++;
    }
    pthread_mutex_lock(&config->texts_lock);
    forget(value);
    memcpy(value->texts, copy.texts, sizeof copy.texts);
    value->count = copy.count;
    value->source = other->source;
    pthread_mutex_unlock(&config->texts_lock);
    atomic_store(&value->number, atomic_load(&other->number));
    return 0;
}

void config_print(const struct config *config, FILE *out)
{
    pthread_mutex_t *lock = (pthread_mutex_t *)(uintptr_t)&config->texts_lock;
    pthread_mutex_lock(lock);
    for (const struct config_key *key = config_keys; key->name; key++) {
        const struct value *value = &config->values[key - config_keys];
        fprintf(out, "# %s\n", key->doc);
        if (value->count)
            print_value(key, value, out);
        else
            fprintf(out, "# %s: unset\n", key->name);
        fputc('\n', out);
    }
    pthread_mutex_unlock(lock);
}

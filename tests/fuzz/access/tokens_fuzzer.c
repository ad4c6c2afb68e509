/* SPDX-License-Identifier: Apache-2.0 */
/* Z7: what lies in the store as tokens and their uses, of any bytes, is refused as DATA_LOSS, or every token that comes
 * of it is found under the id that its record lies at, is as the record has it, and stays revoked or expired. */
#include <string.h>

#include "access/tokens.h"
#include "fuzzer.h"
#include "store/batch.h"

enum { ENTRIES_MAX = 24, KEY_BYTES = 64, NOW_S = 1767225600, YEAR_S = 366 * 24 * 3600 };

static const char use_prefix[] = "access/use/";

static struct {
    struct store_entry entries[ENTRIES_MAX]; /* by key */
    char keys[ENTRIES_MAX][KEY_BYTES];
    size_t count;
} disk;

int store_range(struct store *store, const struct store_range *range, struct store_list *list, struct fault *fault)
{
    list->entries = calloc(ENTRIES_MAX, sizeof *list->entries);
    list->memory = list->entries;
    list->count = 0;
    list->more = false;
    for (size_t i = 0; i < disk.count; i++)
        if (store_slice_has_prefix(disk.entries[i].key, range->prefix) &&
            store_slice_compare(disk.entries[i].key, range->after) > 0)
            list->entries[list->count++] = disk.entries[i];
    return 0;
}

void store_list_fini(struct store_list *list)
{
    free(list->memory);
}

void store_commit(struct store *store, struct store_batch *batch, store_commit_done *done, void *arg)
{
    store_batch_free(batch);
}

/* ---- The disk of an input ---- */

struct input {
    const uint8_t *bytes;
    size_t size;
};

static uint8_t take(struct input *input)
{
    if (!input->size)
        return 0;
    input->size--;
    return *input->bytes++;
}

/* The id that the record's hash makes, when the input says so: field 1, 32 bytes, stands first in a whole record. */
static void write_key(char key[KEY_BYTES], bool use, bool fitting, const uint8_t *value, size_t size, uint8_t tail)
{
    char id[SECRET_ID_BYTES + 1];
    struct secret_hash hash = {{tail}};
    if (fitting && size > 2 + SECRET_HASH_BYTES && value[0] == 0x0a && value[1] == SECRET_HASH_BYTES)
        memcpy(hash.bytes, value + 2, SECRET_HASH_BYTES);
    secret_id(secret_number(&hash), id);
    if (!fitting && tail & 1)
        id[tail % SECRET_ID_BYTES] = (char)('0' + tail % 70); /* perhaps none */
    snprintf(key, KEY_BYTES, "%s%s", use ? use_prefix : ACCESS_TOKENS_OF_STORE, id);
}

static void put(const char *key, const uint8_t *value, size_t size)
{
    size_t at = 0;
    while (at < disk.count && strcmp(disk.keys[at], key) < 0)
        at++;
    if (at < disk.count && strcmp(disk.keys[at], key) == 0)
        return;
    memmove(disk.keys + at + 1, disk.keys + at, (disk.count - at) * sizeof *disk.keys);
    memmove(disk.entries + at + 1, disk.entries + at, (disk.count - at) * sizeof *disk.entries);
    snprintf(disk.keys[at], KEY_BYTES, "%s", key);
    disk.entries[at].value = (struct store_slice){value, size};
    disk.count++;
    for (size_t i = 0; i < disk.count; i++)
        disk.entries[i].key = store_text(disk.keys[i]);
}

/* A byte of kind, a byte of size, the value. */
static void read_disk(struct input input)
{
    char key[KEY_BYTES];
    disk.count = 0;
    while (input.size && disk.count < ENTRIES_MAX) {
        uint8_t kind = take(&input), size = take(&input);
        size_t bytes = size < input.size ? size : input.size;
        write_key(key, kind & 1, kind & 2, input.bytes, bytes, kind >> 2);
        put(key, input.bytes, bytes);
        input.bytes += bytes;
        input.size -= bytes;
    }
}

/* ---- What must hold ---- */

static void check(struct tokens *tokens)
{
    struct token *all[ENTRIES_MAX];
    size_t count = tokens_list(tokens, 0, 0, all, ENTRIES_MAX);
    MUST(count <= disk.count);
    for (size_t i = 0; i < count; i++) {
        char id[SECRET_ID_BYTES + 1], key[KEY_BYTES];
        size_t at = 0;
        secret_id(all[i]->number, id);
        snprintf(key, sizeof key, "%s%s", ACCESS_TOKENS_OF_STORE, id);
        while (at < disk.count && strcmp(disk.keys[at], key) != 0)
            at++;
        MUST(at < disk.count && (i == 0 || all[i - 1]->number < all[i]->number));
        MUST(tokens_find(tokens, &all[i]->hash) == all[i] && tokens_find_id(tokens, id) == all[i]);
        MUST(all[i]->role_count <= TOKEN_ROLES_MAX && all[i]->identity && all[i]->description && all[i]->request_id);
        MUST(token_is_valid(all[i], NOW_S) == (NOW_S < all[i]->expire_s && !all[i]->revoke_s));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct fault fault = FAULT_INIT;
    struct tokens *tokens;
    read_disk((struct input){bytes, size});
    int code = tokens_new(NULL, NOW_S, &tokens, &fault);
    MUST(!code || (code == MRPC_DATA_LOSS && *fault.text));
    if (code)
        return 0;
    check(tokens);
    tokens_free(tokens);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */

/* Writes keys until it is killed or told the end, and says what was acknowledged:
 *     driver FOLDER FIRST COUNT      keys FIRST … FIRST + COUNT - 1, 64 outstanding
 * stdout: "a INDEX" acknowledged, "f INDEX CODE" refused, one write each. Exit 0; 4 by the store itself; 2 cannot open.
 */

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fault/fault.h"
#include "store/sqlite.h"

enum { OUTSTANDING = 64 };

static sem_t room;

static void told(void *arg, const struct store_commit_result *result)
{
    char line[48];
    int length = result->code ? snprintf(line, sizeof line, "f %ld %d\n", (long)(intptr_t)arg, result->code)
                              : snprintf(line, sizeof line, "a %ld\n", (long)(intptr_t)arg);
    if (write(STDOUT_FILENO, line, (size_t)length) != length)
        _exit(3);
    sem_post(&room);
}

int main(int argc, char **argv)
{
    struct store *store;
    struct fault fault = FAULT_INIT;
    if (argc != 4)
        return 2;
    long first = atol(argv[2]), count = atol(argv[3]);
    if (store_sqlite_open(&(struct store_sqlite_options){.directory = argv[1]}, &store, &fault)) {
        fprintf(stderr, "%s\n", fault.text);
        return 2;
    }
    sem_init(&room, 0, OUTSTANDING);
    for (long i = first; i < first + count; i++) {
        char key[32], value[600];
        snprintf(key, sizeof key, "key/%09ld", i);
        int length = snprintf(value, sizeof value, "%0500ld", i);
        struct store_batch *batch = store_batch_new();
        store_batch_put(batch, store_text(key), (struct store_slice){value, (size_t)length}, STORE_EXPECT_ABSENT);
        sem_wait(&room);
        store_commit(store, batch, told, (void *)(intptr_t)i);
    }
    store_close(store);
    return 0;
}

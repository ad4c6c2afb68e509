/* SPDX-License-Identifier: Apache-2.0 */
#include "power_vfs.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

enum { SECTOR = 512, FILES_MAX = 16 };

/* What is surely on the disk: a file as it was at its last sync, whoever has it open. */
struct image {
    const char *name; /* as SQLite keeps it; NULL: a free place */
    unsigned char *bytes;
    sqlite3_int64 size;
};

struct power_file {
    sqlite3_file base;
    struct image *synced; /* NULL: it has no name, and nobody will miss it */
    sqlite3_file *real; /* behind this struct */
};

static sqlite3_vfs *below;
static struct image images[FILES_MAX];
static struct power_file *files[FILES_MAX]; /* that are open */
static unsigned draws;
static long left = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static sqlite3_file *real(sqlite3_file *file)
{
    return ((struct power_file *)file)->real;
}

static unsigned char *read_whole(struct power_file *file, sqlite3_int64 *size)
{
    unsigned char *bytes = NULL;
    if (file->real->pMethods->xFileSize(file->real, size) != SQLITE_OK)
        return NULL;
    bytes = calloc(1, (size_t)*size + 1);
    if (bytes && *size)
        (void)file->real->pMethods->xRead(file->real, bytes, (int)*size, 0);
    return bytes;
}

static void remember(struct power_file *file)
{
    if (!file->synced)
        return;
    free(file->synced->bytes);
    file->synced->bytes = read_whole(file, &file->synced->size);
}

/* Of @name; made anew when nobody had it open before. */
static struct image *image_of(struct power_file *file, const char *name)
{
    for (int i = 0; i < FILES_MAX; i++)
        if (images[i].name && strcmp(images[i].name, name) == 0)
            return &images[i];
    for (int i = 0; i < FILES_MAX; i++)
        if (!images[i].name) {
            images[i].name = strdup(name);
            images[i].bytes = read_whole(file, &images[i].size);
            return &images[i];
        }
    abort();
}

/* ---- The end of the power ---- */

static sqlite3_int64 draw_size(sqlite3_int64 a, sqlite3_int64 b)
{
    sqlite3_int64 low = a < b ? a : b, high = a < b ? b : a;
    return low + (high > low ? (sqlite3_int64)((unsigned)rand_r(&draws) % (unsigned)(high - low + 1)) : 0);
}

static void lose(struct power_file *file)
{
    sqlite3_int64 written;
    unsigned char *now = read_whole(file, &written);
    sqlite3_int64 size = draw_size(file->synced->size, written);
    for (sqlite3_int64 at = 0; now && at < size; at += SECTOR) {
        int bytes = size - at < SECTOR ? (int)(size - at) : SECTOR;
        unsigned char sector[SECTOR] = {0};
        if (rand_r(&draws) % 2)
            continue; /* this one had come */
        for (int i = 0; i < bytes; i++)
            sector[i] = at + i < file->synced->size ? file->synced->bytes[at + i] : 0;
        (void)file->real->pMethods->xWrite(file->real, sector, bytes, at);
    }
    (void)file->real->pMethods->xTruncate(file->real, size);
    free(now);
}

static void count_write(void)
{
    pthread_mutex_lock(&lock);
    if (left >= 0 && left-- == 0) {
        for (int i = 0; i < FILES_MAX; i++)
            if (files[i] && files[i]->synced->name) {
                lose(files[i]);
                files[i]->synced->name = NULL; /* once, however often it is open */
            }
        _exit(0);
    }
    pthread_mutex_unlock(&lock);
}

/* ---- Files ---- */

static int on_close(sqlite3_file *file)
{
    struct power_file *own = (struct power_file *)file;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < FILES_MAX; i++)
        if (files[i] == own)
            files[i] = NULL;
    pthread_mutex_unlock(&lock);
    return own->real->pMethods ? own->real->pMethods->xClose(own->real) : SQLITE_OK;
}

static int on_read(sqlite3_file *file, void *out, int bytes, sqlite3_int64 at)
{
    return real(file)->pMethods->xRead(real(file), out, bytes, at);
}

static int on_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 at)
{
    int code = real(file)->pMethods->xWrite(real(file), bytes, size, at);
    count_write();
    return code;
}

static int on_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    int code = real(file)->pMethods->xTruncate(real(file), size);
    count_write();
    return code;
}

static int on_sync(sqlite3_file *file, int flags)
{
    pthread_mutex_lock(&lock);
    remember((struct power_file *)file);
    pthread_mutex_unlock(&lock);
    return SQLITE_OK; /* the disk beneath is not asked: here it is we who forget */
}

static int on_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real(file)->pMethods->xFileSize(real(file), size);
}

static int on_lock(sqlite3_file *file, int level)
{
    return real(file)->pMethods->xLock(real(file), level);
}

static int on_unlock(sqlite3_file *file, int level)
{
    return real(file)->pMethods->xUnlock(real(file), level);
}

static int on_check_lock(sqlite3_file *file, int *out)
{
    return real(file)->pMethods->xCheckReservedLock(real(file), out);
}

static int on_control(sqlite3_file *file, int what, void *arg)
{
    return real(file)->pMethods->xFileControl(real(file), what, arg);
}

static int on_sector_size(sqlite3_file *file)
{
    return SECTOR;
}

static int on_characteristics(sqlite3_file *file)
{
    return 0; /* it promises nothing */
}

static int on_shm_map(sqlite3_file *file, int region, int bytes, int extend, void volatile **out)
{
    return real(file)->pMethods->xShmMap(real(file), region, bytes, extend, out);
}

static int on_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}

static void on_shm_barrier(sqlite3_file *file)
{
    real(file)->pMethods->xShmBarrier(real(file));
}

static int on_shm_unmap(sqlite3_file *file, int remove)
{
    return real(file)->pMethods->xShmUnmap(real(file), remove);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_size,
    .xLock = on_lock,
    .xUnlock = on_unlock,
    .xCheckReservedLock = on_check_lock,
    .xFileControl = on_control,
    .xSectorSize = on_sector_size,
    .xDeviceCharacteristics = on_characteristics,
    .xShmMap = on_shm_map,
    .xShmLock = on_shm_lock,
    .xShmBarrier = on_shm_barrier,
    .xShmUnmap = on_shm_unmap,
};

static int on_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
    struct power_file *own = (struct power_file *)file;
    memset(own, 0, sizeof *own);
    own->real = (sqlite3_file *)(own + 1);
    int code = below->xOpen(below, name, own->real, flags, out_flags);
    if (code != SQLITE_OK)
        return code;
    own->base.pMethods = &methods;
    pthread_mutex_lock(&lock);
    own->synced = name ? image_of(own, name) : NULL;
    for (int i = 0; i < FILES_MAX && name; i++)
        if (!files[i]) {
            files[i] = own;
            break;
        }
    pthread_mutex_unlock(&lock);
    return SQLITE_OK;
}

int power_vfs_register(unsigned seed)
{
    static sqlite3_vfs power;
    draws = seed;
    below = sqlite3_vfs_find(NULL);
    if (!below)
        return SQLITE_ERROR;
    power = *below; /* all but opening, which works on names alone, is the one below's */
    power.zName = "power";
    power.szOsFile = (int)sizeof(struct power_file) + below->szOsFile;
    power.xOpen = on_open;
    return sqlite3_vfs_register(&power, 1);
}

void power_vfs_fail_after(long writes)
{
    pthread_mutex_lock(&lock);
    left = writes;
    pthread_mutex_unlock(&lock);
}

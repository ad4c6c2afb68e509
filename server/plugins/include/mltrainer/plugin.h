/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLTRAINER_PLUGIN_H
#define MLTRAINER_PLUGIN_H

/* The plugin ABI of mlTrainer, version 1: how an algorithm family, a shared object, offers its algorithms.
 *
 *     plugin ──► algorithms[] ──► trainable, predictable, evaluable, serializable, computable, searchable
 *
 * A plugin exports one symbol, the constant `mltrainer_plugin_v1`, and imports nothing from the host: whatever the host
 * offers comes in a `struct mltrainer_host` with each call. It runs in a worker process, never in the server.
 *
 * Rules that keep version 1 frozen:
 *   - Each struct begins with its size, in bytes, as its maker compiled it, and grows at its end only. Before a member
 *     that a later minor version added is read, MLTRAINER_HAS() says whether the other side has it. A struct inside
 *     an array is reached by pointer, so that it may grow too.
 *   - Members keep their place and meaning. What cannot be said so becomes an extension, a struct that
 *     get_extension() returns for a text such as "org.example.shap/1"; NULL means that it is not there.
 *   - A function that a plugin does not offer, or an interface that an algorithm does not have, is NULL.
 *
 * Threads: the host makes one call at a time into a plugin, from one thread. A plugin may use further threads inside a
 * call, at most host->threads at once; it joins them before it returns. Of the host's functions log(), progress(),
 * cancelled(), remaining_ms() and random() may be called from any of them, all others from the calling thread.
 *
 * Errors: a function returns 0 or an enum mltrainer_status, and with the latter fills the struct mltrainer_error.
 * Outputs are untouched on failure.
 *
 * Text is UTF-8 and ends with NUL. Pointers that the host passes are valid until the call returns.
 *
 * C11 or later, C++11 or later; LP64, little endian. */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MLTRAINER_ABI_MAJOR 1
#define MLTRAINER_ABI_MINOR 0

/** Is @member there in *@object, as its maker compiled it? */
#define MLTRAINER_HAS(object, member)                                                                                  \
    ((size_t)(object)->size >=                                                                                         \
     (size_t)((const char *)&(object)->member - (const char *)(object)) + sizeof((object)->member))

/* ---- Tables: the Arrow C data interface, two frozen structs ------------------------------------------------------
 * Source: arrow.apache.org/docs/format/CDataInterface.html; the guard lets any other copy of them live beside this. */
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};

struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};

#endif

/* A table is a struct array ("+s") whose children are its columns, all of the table's length and of one of the formats
 *     "g" double   "f" float   "l" int64   "i" int32   "b" boolean, one bit a value   "u" text, 32-bit offsets
 *     "tdD" date, int32 days since 1970-01-01          "tsn:ZONE" timestamp, int64 ns since 1970-01-01T00:00Z
 * without dictionaries or nesting. In tables that the host passes, the struct itself has no nulls, every offset is 0
 * and each buffer is aligned to 64 bytes. They are read-only: the memory behind them is mapped without write access. */

/* ---- Status and error ------------------------------------------------------------------------------------------- */

enum mltrainer_status {
    MLTRAINER_OK = 0,
    MLTRAINER_INVALID_PARAMETER = 1, /* error->subject names the parameter */
    MLTRAINER_INVALID_DATA = 2,      /* error->subject names the column, if it is one */
    MLTRAINER_NOT_CONVERGED = 3,     /* the method did not reach its tolerance and its result is not worth keeping */
    MLTRAINER_CANCELLED = 4,         /* cancelled() said so, or the deadline passed */
    MLTRAINER_OUT_OF_MEMORY = 5,
    MLTRAINER_UNSUPPORTED = 6,       /* asked for something that this algorithm does not do */
    MLTRAINER_CORRUPT = 7,           /* restore(): not bytes that save() wrote */
    MLTRAINER_INTERNAL = 8,
};

struct mltrainer_error {
    uint32_t size;
    char subject[124]; /* parameter or column that is wrong, or "" */
    char text[384];    /* one sentence for a person, without the subject */
};

/* ---- What the host offers --------------------------------------------------------------------------------------- */

enum mltrainer_log_level {
    MLTRAINER_LOG_DEBUG = 0,
    MLTRAINER_LOG_INFO = 1,
    MLTRAINER_LOG_WARN = 2,
    MLTRAINER_LOG_ERROR = 3,
};

/** The step of a metric that is the result of the call rather than a point of a curve. */
#define MLTRAINER_STEP_FINAL (-1)

struct mltrainer_host {
    uint32_t size;
    uint16_t abi_major;
    uint16_t abi_minor;
    void *context; /* the host's own */

    /** What a model draws its randomness from: same seed, same input, same bytes out. */
    uint64_t seed;
    /** Threads that the call may keep busy, its own included; at least 1. */
    uint32_t threads;
    uint32_t reserved;

    /** One line; more than a few hundred a second are dropped and counted. */
    void (*log)(const struct mltrainer_host *host, int32_t level, const char *text);
    /** How much is done, 0 to 1. A store to shared memory, no system call: call it as often as you like. */
    void (*progress)(const struct mltrainer_host *host, double fraction);
    /** A named number: a point of a curve at @step >= 0 (an epoch, a round), or a result at MLTRAINER_STEP_FINAL.
     *  Names are [a-z0-9_.]{1,64}. Results that are not finite are kept as they are. */
    void (*metric)(const struct mltrainer_host *host, const char *name, int64_t step, double value);
    /** Non-zero once the caller wants the call to end: return MLTRAINER_CANCELLED soon (say, 50 ms). A load from
     *  shared memory. Who does not listen is terminated, and then killed. */
    int32_t (*cancelled)(const struct mltrainer_host *host);
    /** Milliseconds until the call's deadline, 0 when past, INT64_MAX when there is none. */
    int64_t (*remaining_ms)(const struct mltrainer_host *host);
    /** @count values from position @first of random stream @stream. A pure function of (seed, stream, position)
     *  (Philox4x64-10), so that results do not depend on the number of threads. */
    void (*random)(const struct mltrainer_host *host, uint64_t stream, uint64_t first, uint64_t *out, size_t count);
    /** Memory aligned to 64 bytes, zeroed, that the host frees as a whole after it has taken the call's outputs. NULL
     *  when there is none left. A model, which outlives the call, does not belong here. */
    void *(*alloc)(const struct mltrainer_host *host, size_t bytes);
    /** An extension of the host, or NULL. */
    const void *(*get_extension)(const struct mltrainer_host *host, const char *id);
};

/* ---- What a call gets ------------------------------------------------------------------------------------------- */

enum mltrainer_kind {
    MLTRAINER_BOOL = 1,    /* integer: 0 or 1 */
    MLTRAINER_INTEGER = 2, /* integer; number holds the same value */
    MLTRAINER_NUMBER = 3,  /* number, finite */
    MLTRAINER_TEXT = 4,    /* text */
    MLTRAINER_NUMBERS = 5, /* numbers[count] */
    MLTRAINER_TEXTS = 6,   /* texts[count] */
};

/** One parameter. The host has checked it against the model's configuration and filled in the defaults. */
struct mltrainer_parameter {
    uint32_t size;
    uint32_t kind; /* enum mltrainer_kind */
    const char *name;
    int64_t integer;
    double number;
    const char *text;
    size_t count;
    const double *numbers;
    const char *const *texts;
};

/** The input of a call: parameters, and a table whose columns have roles. */
struct mltrainer_request {
    uint32_t size;
    uint32_t parameter_count;
    const struct mltrainer_parameter *const *parameters;
    const struct ArrowSchema *schema; /* NULL, like array, when the call has no table */
    const struct ArrowArray *array;
    const char *target;               /* column to be learnt or compared with, or NULL */
    const char *weight;               /* column of sample weights, or NULL */
    const char *time;                 /* column that orders the rows, which come in that order; or NULL */
    const char *group;                /* column that says which rows belong together, or NULL */
    size_t feature_count;             /* 0: every numeric column that has no other role, in the table's order */
    const char *const *features;
};

/** What a call gives back: a table in the form above. Its buffers come from host->alloc(), or its release callbacks,
 *  which the host calls, free them. A call without a table leaves schema.release NULL. */
struct mltrainer_output {
    uint32_t size;
    uint32_t reserved;
    struct ArrowSchema schema;
    struct ArrowArray array;
};

/* ---- Interfaces of an algorithm --------------------------------------------------------------------------------- */

/** Learns from a table. */
struct mltrainer_trainable {
    uint32_t size;
    uint32_t reserved;
    /** Fit a model, which algorithm->release() will free. Results (iterations, loss) go to host->metric(). */
    int32_t (*train)(const struct mltrainer_host *host, const struct mltrainer_request *request, void **model,
                     struct mltrainer_error *error);
};

/** Applies a model to rows. */
struct mltrainer_predictable {
    uint32_t size;
    uint32_t reserved;
    /** One row out for each row in, in the same order; the first column is named "prediction". */
    int32_t (*predict)(const struct mltrainer_host *host, const void *model, const struct mltrainer_request *request,
                       struct mltrainer_output *output, struct mltrainer_error *error);
};

/** Says how good a model is on rows whose target is known. */
struct mltrainer_evaluable {
    uint32_t size;
    uint32_t reserved;
    /** Results go to host->metric(…, MLTRAINER_STEP_FINAL, …). */
    int32_t (*evaluate)(const struct mltrainer_host *host, const void *model, const struct mltrainer_request *request,
                        struct mltrainer_error *error);
};

/** Turns a model into bytes and back. The bytes carry their own version and checksum; nothing in them is executed;
 *  they may come from anywhere, and restore() answers MLTRAINER_CORRUPT for what save() did not write. */
struct mltrainer_serializable {
    uint32_t size;
    uint32_t format_version; /* of what save() writes; restore() reads it and all before it */
    /** Same model, same bytes. *@bytes is memory of host->alloc() or of the model. */
    int32_t (*save)(const struct mltrainer_host *host, const void *model, const void **bytes, size_t *byte_count,
                    struct mltrainer_error *error);
    int32_t (*restore)(const struct mltrainer_host *host, const void *bytes, size_t byte_count, void **model,
                       struct mltrainer_error *error);
};

/** Computes without learning: indicators, prices, risk. */
struct mltrainer_computable {
    uint32_t size;
    uint32_t reserved;
    int32_t (*compute)(const struct mltrainer_host *host, const struct mltrainer_request *request,
                       struct mltrainer_output *output, struct mltrainer_error *error);
};

enum mltrainer_scale {
    MLTRAINER_LINEAR = 1,
    MLTRAINER_LOG = 2,    /* low > 0 */
    MLTRAINER_CHOICE = 3, /* choices[choice_count] */
};

/** One axis of a search space. */
struct mltrainer_dimension {
    uint32_t size;
    uint32_t kind;  /* MLTRAINER_INTEGER, MLTRAINER_NUMBER or MLTRAINER_TEXT */
    uint32_t scale; /* enum mltrainer_scale */
    uint32_t reserved;
    const char *name;
    double low;
    double high;
    size_t choice_count;
    const char *const *choices;
};

/** One point to try. */
struct mltrainer_trial {
    uint32_t size;
    uint32_t parameter_count; /* 0: there is nothing left to ask, or nothing until more is told */
    uint64_t number;          /* from 0, unique in the search */
    const struct mltrainer_parameter *const *parameters; /* memory of host->alloc() */
    double budget;            /* share of the full training effort, in (0, 1] */
    uint32_t finished;        /* non-zero: the search is over */
};

/** Searches a space by asking for trials and being told their results; the host runs the trials. Smaller is better. */
struct mltrainer_searchable {
    uint32_t size;
    uint32_t format_version;
    int32_t (*start)(const struct mltrainer_host *host, const struct mltrainer_request *request,
                     const struct mltrainer_dimension *const *dimensions, size_t dimension_count, void **search,
                     struct mltrainer_error *error);
    int32_t (*ask)(const struct mltrainer_host *host, void *search, struct mltrainer_trial *trial,
                   struct mltrainer_error *error);
    /** @status other than MLTRAINER_OK: the trial failed and @loss means nothing. */
    int32_t (*tell)(const struct mltrainer_host *host, void *search, uint64_t number, int32_t status, double loss,
                    struct mltrainer_error *error);
    int32_t (*save)(const struct mltrainer_host *host, const void *search, const void **bytes, size_t *byte_count,
                    struct mltrainer_error *error);
    int32_t (*restore)(const struct mltrainer_host *host, const void *bytes, size_t byte_count, void **search,
                       struct mltrainer_error *error);
    void (*release)(void *search);
};

/* ---- Algorithm and plugin --------------------------------------------------------------------------------------- */

enum mltrainer_algorithm_flag {
    MLTRAINER_DETERMINISTIC = 1 << 0, /* same seed, input and number of threads give the same bytes */
    MLTRAINER_USES_SEED = 1 << 1,
    MLTRAINER_USES_THREADS = 1 << 2,
};

struct mltrainer_algorithm {
    uint32_t size;
    uint32_t flags;          /* enum mltrainer_algorithm_flag */
    const char *id;          /* [a-z0-9_.-]{1,64}, unique in the plugin */
    const char *description; /* one sentence */
    /** Free what train() or restore() made. NULL only when the algorithm is neither trainable nor serializable. */
    void (*release)(void *model);
    const struct mltrainer_trainable *trainable;
    const struct mltrainer_predictable *predictable;
    const struct mltrainer_evaluable *evaluable;
    const struct mltrainer_serializable *serializable;
    const struct mltrainer_computable *computable;
    const struct mltrainer_searchable *searchable;
    /** An extension of the algorithm, or NULL. May itself be NULL. */
    const void *(*get_extension)(const char *id);
};

struct mltrainer_plugin {
    uint32_t size;
    uint16_t abi_major;      /* MLTRAINER_ABI_MAJOR: the host refuses another */
    uint16_t abi_minor;
    const char *family;      /* [a-z0-9_.-]{1,64} */
    const char *version;     /* of the plugin, semver */
    const char *description; /* one sentence */
    const char *licence;     /* SPDX expression */
    const char *engine;      /* libraries that do the work, with versions where known: "OpenBLAS 0.3.21" */
    /** Called once in a process before anything else, and once after everything else; either may be NULL. */
    int32_t (*init)(const struct mltrainer_host *host, struct mltrainer_error *error);
    void (*fini)(void);
    uint64_t algorithm_count;
    const struct mltrainer_algorithm *const *algorithms;
    const void *(*get_extension)(const char *id);
};

/** The one symbol: `const struct mltrainer_plugin mltrainer_plugin_v1 = {…};` */
#define MLTRAINER_PLUGIN_SYMBOL "mltrainer_plugin_v1"
#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
extern const struct mltrainer_plugin mltrainer_plugin_v1;

#ifdef __cplusplus
}
#endif
#endif

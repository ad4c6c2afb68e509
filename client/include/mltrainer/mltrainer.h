/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLTRAINER_MLTRAINER_H
#define MLTRAINER_MLTRAINER_H

/* libmltrainer: the client of an mltrainer server for C and C++ programs.
 *
 * Everything here blocks until it is done, fails, or times out, and may be called from any number of threads with one
 * client. Handles are opaque; option structs begin with their size (set it to sizeof, zero the rest) and grow at the
 * end. Texts are UTF-8. Functions return 0, or the gRPC status code of the failure with the reason in *error, which may
 * be NULL.
 *
 *     struct mlt_client *client;
 *     struct mlt_error error;
 *     if (mlt_client_new("127.0.0.1:50051", NULL, &client, &error) != 0)
 *         errx(1, "%s", error.message);
 */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MLT_API __attribute__((visibility("default")))

/** Why something failed. */
struct mlt_error {
    int code;                /* gRPC's: 3 INVALID_ARGUMENT, 5 NOT_FOUND, 14 UNAVAILABLE, … */
    char message[512];
    char field[128];         /* the request field that is wrong, or "" */
    int64_t retry_after_ms;  /* the server's advice, or 0 */
};

struct mlt_client;

struct mlt_client_options {
    size_t struct_bytes;               /* sizeof(struct mlt_client_options) */
    int64_t timeout_ms;                /* of calls that do not stream; 0: 30,000 */
    const char *token;                 /* bearer token; only over TLS, loopback and unix sockets */
    int tls;                           /* 1: TLS, trusting the system's authorities unless tls_ca_file is given */
    const char *tls_ca_file;
    const char *tls_certificate_file;  /* with tls_key_file: who we are */
    const char *tls_key_file;
    const char *tls_server_name;       /* NULL: the target's host */
    const char *token_file;            /* the bearer token is the one word in it, read now; NULL: token */
};

/* Unless a function says otherwise: Thread: any. Ownership: what is given is copied or only read; *@out is the
 * caller's. Errors: a gRPC status code, with the reason in *@error, which may be NULL; every call may give 4
 * DEADLINE_EXCEEDED, 7 PERMISSION_DENIED, 14 UNAVAILABLE and 16 UNAUTHENTICATED. */

/** Open a client to "HOST:PORT", "unix:PATH" or another target of libmrpc. Connects at the first call.
 *  @options may be NULL. Ownership: *@out is ended by mlt_client_free(), after everything made with it. */
MLT_API int mlt_client_new(const char *target, const struct mlt_client_options *options, struct mlt_client **out,
                           struct mlt_error *error);
MLT_API void mlt_client_free(struct mlt_client *client);

/* ---- registry ---- */

/** An instance of a service as its process describes itself. */
struct mlt_instance {
    size_t struct_bytes;             /* sizeof(struct mlt_instance) */
    const char *namespace_name;      /* NULL: "default" */
    const char *service;
    const char *id;
    const char *address;             /* numeric, IPv4 or IPv6 */
    uint16_t port;
    const char *version;             /* may be NULL, like the next one */
    const char *zone;
    uint32_t weight;                 /* 0: 100 */
    int64_t lease_ttl_ms;            /* 0: 30,000; at least 1,000 */
    const char *http_check_path;     /* "/health": the server checks it; NULL: no such check */
    int grpc_check;                  /* 1: the server calls grpc.health.v1 */
    int tcp_check;                   /* 1: the server connects */
    int64_t check_interval_ms;       /* 0: 10,000 */
    int expire_on_disconnect;        /* 1: a process that dies is gone at once, not when its lease has run out; so is
                                        one whose connection breaks, until it has registered again */
};

struct mlt_registration;

/** Register and stay registered: a thread of the library's sends heartbeats over a stream, and registers again, with
 *  growing pauses and jitter, for ever, when the registry does not know the instance or comes back with another epoch.
 *  Returns after the first registration. Everything is copied. Ownership: *@out is ended by mlt_registration_end(). */
MLT_API int mlt_registration_begin(struct mlt_client *client, const struct mlt_instance *instance,
                                   struct mlt_registration **out, struct mlt_error *error);
/** Deregister and release. A server that does not answer is waited for 4 s at most. */
MLT_API void mlt_registration_end(struct mlt_registration *registration);
/** How often it had to register after the first time. */
MLT_API uint64_t mlt_registration_renewals(const struct mlt_registration *registration);

struct mlt_endpoint {
    char address[254];               /* numeric, IPv4 or IPv6, or a host name */
    uint16_t port;
    char id[129];
};

/** The next healthy instance of a service, in turn. @namespace_name may be NULL. Errors: 5 NOT_FOUND, 14
 *  UNAVAILABLE. */
MLT_API int mlt_discover(struct mlt_client *client, const char *namespace_name, const char *service,
                         struct mlt_endpoint *out, struct mlt_error *error);

/** What the registry tells of one service, kept up to date by a thread of the library's, for picking without a call. It
 *  goes on serving what it knew while the registry is away, and says so. */
struct mlt_cache;

struct mlt_cache_options {
    size_t struct_bytes;             /* sizeof(struct mlt_cache_options) */
    const char *namespace_name;      /* NULL: "default" */
    const char *zone;                /* instances of this zone are preferred while any is healthy; NULL: none */
};

/** Follow a service. Returns when its present state is known (it may have no instances), at most after the client's
 *  timeout. @options may be NULL; everything is copied. Ownership: *@out is ended by mlt_cache_close(), before the
 *  client.
 *  Errors: 3 INVALID_ARGUMENT, 4 DEADLINE_EXCEEDED, 8 RESOURCE_EXHAUSTED, 14 UNAVAILABLE. */
MLT_API int mlt_cache_open(struct mlt_client *client, const char *service, const struct mlt_cache_options *options,
                           struct mlt_cache **out, struct mlt_error *error);
MLT_API void mlt_cache_close(struct mlt_cache *cache);

enum mlt_policy {
    MLT_PICK_IN_TURN,                /* over all threads of this process; who joins or leaves disturbs nobody's turn */
    MLT_PICK_WEIGHTED,               /* in turn as often as the weights say */
    MLT_PICK_BY_KEY,                 /* the same key, the same instance, in every process that sees the same instances,
                                        and by Discover's CONSISTENT_HASH; who leaves gives up its keys and few others.
                                        The first such pick after a change fills the table, and waits for it */
};

struct mlt_pick {
    size_t struct_bytes;             /* sizeof(struct mlt_pick) */
    enum mlt_policy policy;
    const void *key;                 /* of MLT_PICK_BY_KEY: key_bytes of it, at least one */
    size_t key_bytes;
};

/** Pick a healthy instance that is in service. Never calls, never waits for the network. @pick NULL: in turn.
 *  Errors: 3 INVALID_ARGUMENT, 14 UNAVAILABLE: nobody is healthy. Thread: any. */
MLT_API int mlt_cache_pick(struct mlt_cache *cache, const struct mlt_pick *pick, struct mlt_endpoint *out,
                           struct mlt_error *error);

struct mlt_cache_state {
    size_t struct_bytes;             /* sizeof(struct mlt_cache_state), before the call */
    uint64_t epoch;                  /* of the registry that told */
    int64_t revision;                /* that the picture is of */
    size_t instance_count;
    size_t candidate_count;          /* that may be picked */
    int64_t stale_ms;                /* 0: in step; else how long ago the registry was last heard of */
    uint64_t resync_count;           /* how often it had to begin anew with the present state */
    uint64_t version;                /* grows with all that is told, and when the registry goes away */
};

/** How things are. Thread: any. */
MLT_API void mlt_cache_state(struct mlt_cache *cache, struct mlt_cache_state *out);
/** Wait until the version is another than @version. Errors: 4 DEADLINE_EXCEEDED after @timeout_ms. Thread: any. */
MLT_API int mlt_cache_wait(struct mlt_cache *cache, uint64_t version, int64_t timeout_ms);

/** Let every mlt_cache_wait() return, by another version. Thread: any. */
MLT_API void mlt_cache_wake(struct mlt_cache *cache);

struct mlt_candidate {
    struct mlt_endpoint endpoint;
    uint32_t weight;
};

/** All that may be picked, in the order of their turns. Returns how many there are; at most @room are written to @out.
 *  Thread: any. */
MLT_API size_t mlt_cache_list(struct mlt_cache *cache, struct mlt_candidate *out, size_t room);

/* ---- execution ---- */

struct mlt_dataset {
    char name[129];
    uint32_t version;
    char sha256[65];
    uint64_t row_count;
};

/** Upload a CSV or Arrow IPC file, checked by its SHA-256. When the connection breaks or the server starts anew it goes
 *  on where it ended, up to five times; so does a later call with the same file. Uploading the same bytes again under
 *  the same name is harmless. Errors: ABORTED when the file changed while it was sent. */
MLT_API int mlt_dataset_upload(struct mlt_client *client, const char *name, const char *path, struct mlt_dataset *out,
                               struct mlt_error *error);

struct mlt_parameter {
    const char *name;
    double number;
    const char *text;                /* NULL: the number counts */
};

/** Train a model on columns of a dataset. */
struct mlt_training {
    size_t struct_bytes;             /* sizeof(struct mlt_training) */
    const char *model;               /* "ridge" */
    const char *dataset;             /* "NAME", "NAME@VERSION" or "sha256:HEX" */
    const char *target;              /* column */
    const char *const *features;     /* feature_count columns; none: every other numeric one */
    size_t feature_count;
    const char *time_column;         /* orders the rows; NULL: their order in the file */
    double test_fraction;            /* 0: 0.2 */
    const struct mlt_parameter *parameters;
    size_t parameter_count;
    uint64_t seed;
    const char *artifact;            /* name of the result; NULL: the server chooses */
    const char *request_id;          /* [A-Za-z0-9._-]{1,128}: the same one with the same values within 24 h gives the
                                        same job. NULL: a new one, which makes it safe that the call is repeated within
                                        mlt_train() */
};

enum { MLT_JOB_ID_BYTES = 129, MLT_METRICS_MAX = 32 };

struct mlt_metric {
    char name[32];
    double train, test;              /* NaN where there is none */
    double baseline;                 /* of predicting the training part's mean, on the test part */
};

struct mlt_job {
    char id[MLT_JOB_ID_BYTES];
    char artifact[200];              /* "sha256:HEX", or "" */
    size_t metric_count;
    struct mlt_metric metrics[MLT_METRICS_MAX];
};

/** Submit a job; returns when it is durable. @id receives its id. While the server cannot be reached (14) it tries
 *  again until the client's timeout; that trains once, for every try has the same request_id. To repeat the call itself
 *  after an error, give a request_id of your own. Errors: 3 INVALID_ARGUMENT, 5 NOT_FOUND (model, dataset), 6
 *  ALREADY_EXISTS (request_id with other values), 8 RESOURCE_EXHAUSTED (queue full), 14 UNAVAILABLE. */
MLT_API int mlt_train(struct mlt_client *client, const struct mlt_training *training, char id[MLT_JOB_ID_BYTES],
                      struct mlt_error *error);
/** Wait for the end of a job. @progress (may be NULL) is called on this thread with 0 to 1 and the stage's name. A job
 *  that did not succeed is an error with the job's own code and reason. */
MLT_API int mlt_job_wait(struct mlt_client *client, const char *id,
                         void (*progress)(void *arg, double fraction, const char *stage), void *arg,
                         struct mlt_job *out, struct mlt_error *error);

/** Predict one row with an artifact ("NAME", "NAME@VERSION", "NAME:ALIAS", "sha256:HEX"): @count named numbers in,
 *  one out. */
MLT_API int mlt_predict(struct mlt_client *client, const char *artifact, const char *const *names, const double *values,
                        size_t count, double *out, struct mlt_error *error);

#ifdef __cplusplus
}
#endif
#endif

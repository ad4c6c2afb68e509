/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLT_EXECUTION_FIXTURE_H
#define MLT_EXECUTION_FIXTURE_H

#include <stdbool.h>
#include <sys/types.h>

#include <mltrainer/execution/v1/execution.mrpc.h>
#include <mrpc/mrpc.h>

#include "test.h"

/* A real mltrainerd over a real socket, with the repository's plugins and the zoo of bad ones, and calls that fail the
 * test when they do not succeed. */

#define API(type) Mltrainer__Execution__V1__##type
#define RPC(name) mltrainer__execution__v1__execution_service__##name
#define INIT(name, message) mltrainer__execution__v1__##name##__init(message)

struct fixture {
    char root[64]; /* data, plugins and models below */
    pid_t server;
    int out; /* its standard output */
    char address[64];
    const char *extra; /* one more argument, or NULL */
    struct mrpc_channel *channel;
    struct mrpc_reply reply; /* of the last call */
};

/** Start it; @extra is one more argument, or NULL. */
void fixture_open(struct fixture *fixture, const char *extra);
/** SIGTERM; fails the test unless it exits with 0. */
void fixture_close(struct fixture *fixture);
/** kill -9, then start it again on the same data. */
void fixture_crash(struct fixture *fixture);
/** Fails the test unless the process that was started still runs. */
void fixture_assert_alive(struct fixture *fixture);

/** Upload @csv, which may be a file of Arrow, in chunks of @step bytes. Returns the status code; @out (may be NULL)
 *  gets "NAME@VERSION". */
int upload(struct fixture *fixture, const char *name, const char *csv, size_t size, size_t step, char *out);
/** Upload tests/data/sp500.csv as "sp500". */
void upload_sp500(struct fixture *fixture);

/** Submit, return the job's id (to be freed), or NULL with the failure in fixture->reply. */
char *submit(struct fixture *fixture, API(JobSpec) * spec, const char *request_id);
/** Watch to the end. Returns the final state; the last job message's status text into @why (256 bytes, may be NULL).
 *  Fails the test when sequences have gaps. */
API(JobState) watch(struct fixture *fixture, const char *id, uint64_t after, char *why, uint64_t *last);

/** A training of ridge on lagged log returns of sp500. Static memory. */
API(JobSpec) * sp500_training(void);
/** A prediction for sp500. Static memory; @artifact is borrowed. */
API(JobSpec) * prediction_of(const char *artifact);
/** A computation of the zoo. */
API(JobSpec) * zoo_job(const char *animal);

/** The status of the last call. */
#define CODE(fixture) ((int)(fixture)->reply.status.code)
#define TEXT(fixture) ((fixture)->reply.status.message ? (fixture)->reply.status.message : "")
/** Forget the last reply, before the next call. */
struct mrpc_reply *fresh(struct fixture *fixture);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLTCTL_EXECUTION_H
#define MLTCTL_EXECUTION_H

#include <stdio.h>

#include <mltrainer/execution/v1/execution.mrpc.h>

#include "cli.h"
#include "columns.h"
#include "lib/file.h"
#include "progress.h"

/* What the commands of the execution service share. */

enum { EXECUTION_PARAMETERS_MAX = 32, EXECUTION_COLUMNS_MAX = 32 };

/** Values of repeated --param NAME=VALUE: true and false are booleans, 3 an integer, 0.5 a number, 1,2,3 numbers,
 *  everything else a text. Points into itself and argv. */
/* "[1,2.5]" and "[a,b]" are lists, of one too; so is "1,2.5". */
#define EXECUTION_LIST_MAX 64
struct execution_parameters {
    Mltrainer__Execution__V1__ParameterValue values[EXECUTION_PARAMETERS_MAX];
    Mltrainer__Execution__V1__NumberList lists[EXECUTION_PARAMETERS_MAX];
    char names[EXECUTION_PARAMETERS_MAX][129];
    double numbers[EXECUTION_PARAMETERS_MAX][EXECUTION_LIST_MAX];
    Mltrainer__Execution__V1__TextList text_lists[EXECUTION_PARAMETERS_MAX];
    char *texts[EXECUTION_PARAMETERS_MAX][EXECUTION_LIST_MAX];
    char words[EXECUTION_PARAMETERS_MAX][1024]; /* what is between the brackets, cut at commas */
    size_t count;
};
/** Exits with CLI_USAGE when one is malformed. */
void execution_parse_parameters(const struct cli_arguments *arguments, struct execution_parameters *out);
/** "NAME=VALUE" at its '='; exits with CLI_USAGE without one. Copies the name. */
const char *execution_split(const char *option, const char *text, char name[129]);

/** A reference to a dataset or to a one-row table of repeated --value COLUMN=NUMBER. */
struct execution_data {
    Mltrainer__Execution__V1__DataReference reference;
    Mltrainer__Execution__V1__Table table;
    Mltrainer__Execution__V1__Column columns[EXECUTION_COLUMNS_MAX], *pointers[EXECUTION_COLUMNS_MAX];
    Mltrainer__Execution__V1__DoubleValues doubles[EXECUTION_COLUMNS_MAX];
    Mltrainer__Execution__V1__TextValues texts[EXECUTION_COLUMNS_MAX];
    char names[EXECUTION_COLUMNS_MAX][129];
    double numbers[EXECUTION_COLUMNS_MAX];
    char *words[EXECUTION_COLUMNS_MAX];
};
/** Returns the reference, or NULL when neither --dataset nor --value is given. */
Mltrainer__Execution__V1__DataReference *execution_parse_data(const struct cli_arguments *arguments,
                                                              struct execution_data *out);

/** Open a file that is to be sent: its size and its SHA-256. Returns CLI_FAILED when it cannot be read, having said
 *  why. */
int execution_open_file(const char *path, FILE **out, uint64_t *size_bytes, char hex[65]);
/** The same without reading it: in place of its content @id, 64 hexadecimal digits, tells this state of this file. */
int execution_open_unread(const char *path, FILE **out, uint64_t *size_bytes, char id[65]);
/** Send the rest of @in, which has @total bytes, in chunks, with a progress bar; what is sent goes through @hash, too,
 *  unless that is NULL. Returns what @send does, 0 when all of it is sent. */
int execution_send_file(struct mrpc_client_call *call, FILE *in, uint64_t total, const char *label, EVP_MD_CTX *hash,
                        int (*send)(struct mrpc_client_call *call, ProtobufCBinaryData chunk));

const char *execution_job_state(Mltrainer__Execution__V1__JobState state);
bool execution_job_ended(Mltrainer__Execution__V1__JobState state);
const char *execution_task(Mltrainer__Execution__V1__Task task);

size_t execution_table_rows(const Mltrainer__Execution__V1__Table *table);
/** Print rows first..last - 1 in columns, or all as CSV on @csv. */
void execution_print_table(const Mltrainer__Execution__V1__Table *table, size_t first, size_t last);
void execution_write_csv(const Mltrainer__Execution__V1__Table *table, FILE *csv);

/** A value for a person; lists as "-". */
void execution_parameter_text(const Mltrainer__Execution__V1__ParameterValue *value, char *out, size_t size);

/** What the artifact of a training or tuning is listed under: the model's name if it has none of its own. NULL of other
 *  jobs. */
const char *execution_artifact_name(const Mltrainer__Execution__V1__Job *job);
/** Print a job with its result for a person. */
void execution_print_job(const Mltrainer__Execution__V1__Job *job);
/** Follow a job to its end, with a progress bar; prints the job. Returns 0 when it succeeded, CLI_FAILED when it did
 *  not, or the exit code of the status. */
int execution_follow(struct cli *cli, const char *id, uint64_t after, bool print_events);

#endif

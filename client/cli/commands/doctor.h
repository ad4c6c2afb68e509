/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLTCTL_DOCTOR_H
#define MLTCTL_DOCTOR_H

#include <mltrainer/admin/v1/admin.mrpc.h>

#include "cli.h"

/* What the parts of `mltctl doctor` share: a list of findings, which the command prints and ends by. */

enum { DOCTOR_FINDINGS_MAX = 64 };

struct doctor {
    struct cli *cli;
    struct mrpc_arena *arena; /* of the findings */
    Mltrainer__Admin__V1__Finding *findings[DOCTOR_FINDINGS_MAX];
    size_t count;
    Google__Protobuf__Timestamp server_time; /* seconds 0: not told */
    int64_t stuck_after_s;
    unsigned idle_workers;
};

#define DOCTOR_OK MLTRAINER__ADMIN__V1__SEVERITY__SEVERITY_OK
#define DOCTOR_WARNING MLTRAINER__ADMIN__V1__SEVERITY__SEVERITY_WARNING
#define DOCTOR_ERROR MLTRAINER__ADMIN__V1__SEVERITY__SEVERITY_ERROR

/** Add a finding; @check and @remedy are copied, too. One too many, or without memory, is left out. */
void doctor_find(struct doctor *doctor, Mltrainer__Admin__V1__Severity severity, const char *check, const char *remedy,
                 const char *format, ...) MRPC_PRINTF(5, 6);
/** Add that a call failed which should not. */
void doctor_find_failure(struct doctor *doctor, const char *check, const struct mrpc_status *status);

/** Whether the server answers, what its clock and version are, and what it says of itself. False if it does not. */
bool doctor_ask_server(struct doctor *doctor);
/** Plugins and jobs. */
void doctor_ask_engine(struct doctor *doctor);
/** Services whose instances are not well. */
void doctor_ask_registry(struct doctor *doctor);
/** A data folder, whose server need not run. */
void doctor_look_at_folder(struct doctor *doctor, const char *path);

#endif

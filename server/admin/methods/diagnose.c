/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "admin/diagnosis.h"
#include "admin/service.h"
#include "watchdog/watchdog.h"

/* Looking at files and folders takes its time: on the thread pool. Everything lives in the call's arena. */
struct diagnose {
    struct thread_task task;
    struct admin *admin;
    struct mrpc_call *call;
    Mltrainer__Admin__V1__DiagnoseResponse *response;
    Google__Protobuf__Timestamp now;
    struct diagnosis_finding findings[DIAGNOSIS_FINDINGS_MAX];
    Mltrainer__Admin__V1__Finding messages[DIAGNOSIS_FINDINGS_MAX];
    Mltrainer__Admin__V1__Finding *pointers[DIAGNOSIS_FINDINGS_MAX];
};

static uint64_t count_files(void)
{
    uint64_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        count += entry->d_name[0] != '.';
    if (folder)
        closedir(folder);
    return count ? count - 1 : 0; /* the one that looked */
}

static void look_at_folder(const char *folder, struct diagnosis_facts *facts)
{
    struct statvfs disk;
    char path[4200];
    if (statvfs(folder, &disk) == 0) {
        facts->disk_bytes = (uint64_t)disk.f_blocks * disk.f_frsize;
        facts->disk_free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
    }
    snprintf(path, sizeof path, "%s/mltrainer.db.refused", folder);
    facts->backup_refused = access(path, F_OK) == 0;
}

static void gather(struct admin *admin, struct watchdog_summary *watched, struct diagnosis_facts *facts)
{
    const struct admin_control *control = admin->control;
    struct mrpc_server_stats server;
    struct store_stats store;
    struct rlimit files = {0};
    control->stats(control->arg, &server);
    store_look(admin->store);
    store_stats(admin->store, &store);
    watchdog_summary(admin->watchdog, watched);
    getrlimit(RLIMIT_NOFILE, &files);
    *facts = (struct diagnosis_facts){
        .now_s = time(NULL),
        .certificate_end_s = control->certificate_end_s(control->arg),
        .open_files = count_files(),
        .file_limit = files.rlim_cur,
        .connections = server.connections,
        .connection_limit = (uint64_t)config_number(admin->config, "limits.connections"),
        .store_trouble = store_trouble_text(store.trouble),
        .log_bytes = store.wal_bytes,
        .log_lines_dropped = log_dropped(admin->log),
        .memory_used_bytes = watched->memory_used_bytes,
        .memory_limit_bytes = watched->memory_limit_bytes,
        .refusing = overload_name(watchdog_overload(admin->watchdog)),
        .loop_stalls = watched->stalls,
        .loops_stalled = watched->stalled,
        .stalled_loop = watched->stalled_loop,
        .draining = control->draining(control->arg),
    };
    look_at_folder(config_text(admin->config, "data_dir"), facts);
}

static void diagnose_and_finish(struct thread_task *task)
{
    struct diagnose *diagnose = (struct diagnose *)task;
    struct watchdog_summary watched;
    struct diagnosis_facts facts;
    gather(diagnose->admin, &watched, &facts);
    size_t count = diagnosis_make(&facts, diagnose->findings);
    for (size_t i = 0; i < count; i++) {
        Mltrainer__Admin__V1__Finding *message = diagnose->pointers[i] = &diagnose->messages[i];
        mltrainer__admin__v1__finding__init(message);
        message->severity = (Mltrainer__Admin__V1__Severity)diagnose->findings[i].severity;
        message->check = (char *)(uintptr_t)diagnose->findings[i].check;
        message->text = diagnose->findings[i].text;
        message->remedy = (char *)(uintptr_t)diagnose->findings[i].remedy;
    }
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    google__protobuf__timestamp__init(&diagnose->now);
    diagnose->now.seconds = now.tv_sec;
    diagnose->now.nanos = (int32_t)now.tv_nsec;
    diagnose->response->server_time = &diagnose->now;
    diagnose->response->findings = diagnose->pointers;
    diagnose->response->n_findings = count;
    mrpc_call_finish(diagnose->call, MRPC_OK, &diagnose->response->base);
}

int admin_diagnose(void *self, struct mrpc_call *call, const Mltrainer__Admin__V1__DiagnoseRequest *request,
                   Mltrainer__Admin__V1__DiagnoseResponse *response)
{
    struct admin *admin = self;
    struct fault fault = FAULT_INIT;
    struct diagnose *diagnose = mrpc_arena_calloc(mrpc_call_arena(call), 1, sizeof *diagnose);
    if (!diagnose)
        return mrpc_call_fail(call, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    diagnose->task.work = diagnose_and_finish;
    diagnose->admin = admin;
    diagnose->call = call;
    diagnose->response = response;
    if (thread_pool_submit(admin->threads, &diagnose->task, &fault) != 0)
        return fault_answer(call, &fault);
    return MRPC_PENDING;
}

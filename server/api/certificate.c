/* SPDX-License-Identifier: Apache-2.0 */
#include "api/certificate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define DAY_S 86400
#define NOT_WARNED 31

static const char *key_file(const struct config *config)
{
    const char *key = config_text(config, "tls.key");
    return key ? key : config_text(config, "tls.certificate");
}

/* A private key that everybody on the machine can read is no secret, and no reason to go on with it. */
static int check_key(const struct certificate *certificate, char *why, size_t why_bytes)
{
    struct stat found;
    const char *path = key_file(certificate->config);
    if (stat(path, &found) != 0) {
        snprintf(why, why_bytes, "%s: %s", path, strerror(errno));
        return -1;
    }
    if ((found.st_mode & S_IRWXO) != 0) {
        snprintf(why, why_bytes, "%s: everybody can read this key; chmod o= it", path);
        return -1;
    }
    return 0;
}

int certificate_load(struct certificate *certificate, const struct config *config, struct log *log, struct fault *fault)
{
    *certificate = (struct certificate){.config = config, .log = log, .warned_days = NOT_WARNED};
    pthread_mutex_init(&certificate->lock, NULL);
    const char *file = config_text(config, "tls.certificate");
    if (!file)
        return 0;
    struct mrpc_tls_options options = {
        .struct_bytes = sizeof options,
        .certificate_file = file,
        .key_file = config_text(config, "tls.key"),
        .ca_file = config_text(config, "tls.client_ca"),
        .require_client_certificate = config_text(config, "tls.client_ca") != NULL,
        .crl_file = config_text(config, "tls.crl"),
    };
    char why[256] = "";
    if (check_key(certificate, why, sizeof why) != 0 ||
        mrpc_tls_server_new(&options, &certificate->tls, why, sizeof why) != 0)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "tls: %s", why);
    return 0;
}

void certificate_free(struct certificate *certificate)
{
    mrpc_tls_free(certificate->tls);
    pthread_mutex_destroy(&certificate->lock);
}

int certificate_reload(struct certificate *certificate, char *why, size_t why_bytes)
{
    if (!certificate->tls)
        return 0;
    if (check_key(certificate, why, why_bytes) != 0 || mrpc_tls_reload(certificate->tls, why, why_bytes) != 0)
        return -1;
    pthread_mutex_lock(&certificate->lock);
    certificate->warned_days = NOT_WARNED;
    certificate->complaint[0] = '\0';
    pthread_mutex_unlock(&certificate->lock);
    return 1;
}

/* The same fault is met every few seconds until somebody mends it. */
static void complain_once(struct certificate *certificate, const char *why)
{
    if (strcmp(certificate->complaint, why) == 0)
        return;
    snprintf(certificate->complaint, sizeof certificate->complaint, "%s", why);
    log_error(certificate->log, "api", "the changed certificate files are not used, the old ones are: %s", why);
}

static void read_changed(struct certificate *certificate)
{
    char why[256] = "";
    int outcome = check_key(certificate, why, sizeof why);
    if (outcome == 0)
        outcome = mrpc_tls_reload_changed(certificate->tls, why, sizeof why);
    if (outcome < 0) {
        complain_once(certificate, why);
        return;
    }
    certificate->complaint[0] = '\0';
    if (outcome == 0)
        return;
    certificate->warned_days = NOT_WARNED;
    log_info(certificate->log, "api", "the certificate files have changed: new connections get the new certificate");
}

static int step_of(int64_t left_s)
{
    static const int steps[] = {0, 1, 7, 30};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (left_s <= (int64_t)steps[i] * DAY_S)
            return steps[i];
    return NOT_WARNED;
}

static void warn_of_the_end(struct certificate *certificate, int64_t now_s)
{
    int64_t end_s = mrpc_tls_expires_at_s(certificate->tls);
    int step = step_of(end_s - now_s);
    if (step >= certificate->warned_days)
        return;
    certificate->warned_days = step;
    if (step == 0)
        log_error(certificate->log, "api", "the certificate %s has expired",
                  config_text(certificate->config, "tls.certificate"));
    else
        log_warn(certificate->log, "api", "the certificate %s expires in %lld hours",
                 config_text(certificate->config, "tls.certificate"), (long long)(end_s - now_s) / 3600);
}

void certificate_look(struct certificate *certificate, int64_t now_s)
{
    if (!certificate->tls)
        return;
    pthread_mutex_lock(&certificate->lock);
    read_changed(certificate);
    warn_of_the_end(certificate, now_s);
    pthread_mutex_unlock(&certificate->lock);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/xds/subscription.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/attributes.h>
#include <mrpc/status.h>

enum xds_verdict xds_subscription_judge(const struct xds_subscription *subscription, const char *nonce, bool refused)
{
    char last[24];
    if (!nonce[0] || !subscription->nonce) /* one of an earlier stream means nothing here */
        return XDS_SUBSCRIBE;
    snprintf(last, sizeof last, "%" PRIu64, subscription->nonce);
    if (strcmp(nonce, last) != 0)
        return XDS_STALE;
    return refused ? XDS_NACK : XDS_ACK;
}

static void free_wanted(struct xds_wanted *wanted, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(wanted[i].name);
    free(wanted);
}

void xds_subscription_fini(struct xds_subscription *subscription)
{
    free_wanted(subscription->wanted, subscription->count);
    *subscription = (struct xds_subscription){.nonce = subscription->nonce};
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct xds_wanted *)a)->name, ((const struct xds_wanted *)b)->name);
}

static size_t drop_doubles(struct xds_wanted *wanted, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept && strcmp(wanted[kept - 1].name, wanted[i].name) == 0)
            free(wanted[i].name);
        else
            wanted[kept++] = wanted[i];
    }
    return kept;
}

/* Both are sorted. */
static void remember(struct xds_wanted *wanted, size_t count, const struct xds_subscription *before)
{
    for (size_t i = 0, j = 0; i < count && j < before->count;) {
        int order = strcmp(wanted[i].name, before->wanted[j].name);
        if (order == 0) {
            wanted[i].sent = before->wanted[j].sent;
            wanted[i].life = before->wanted[j].life;
        }
        i += order <= 0;
        j += order >= 0;
    }
}

int xds_subscription_set(struct xds_subscription *subscription, char *const *names, size_t count)
{
    if (count > XDS_NAMES_MAX)
        return MRPC_RESOURCE_EXHAUSTED;
    struct xds_wanted *wanted = calloc(count + 1, sizeof *wanted);
    if (!wanted)
        return MRPC_RESOURCE_EXHAUSTED;
    for (size_t i = 0; i < count; i++) {
        bool too_long = strlen(names[i]) > XDS_NAME_BYTES_MAX;
        wanted[i].name = too_long ? NULL : strdup(names[i]);
        if (!wanted[i].name) {
            free_wanted(wanted, i);
            return too_long ? MRPC_INVALID_ARGUMENT : MRPC_RESOURCE_EXHAUSTED;
        }
    }
    if (count)
        qsort(wanted, count, sizeof *wanted, by_name);
    count = drop_doubles(wanted, count);
    remember(wanted, count, subscription);
    xds_subscription_fini(subscription);
    subscription->wanted = wanted;
    subscription->count = count;
    return MRPC_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/health.h"

bool health_take(struct health_check *check, const struct health_thresholds *thresholds, bool passed)
{
    enum registry_health said = passed ? HEALTH_HEALTHY : HEALTH_UNHEALTHY;
    if (check->state == said) {
        check->pending_count = 0;
        return false;
    }
    if (check->state == HEALTH_UNKNOWN && passed) {
        *check = (struct health_check){HEALTH_HEALTHY, 0};
        return true;
    }
    check->pending_count++;
    if (check->pending_count < (passed ? thresholds->rise : thresholds->fall))
        return false;
    *check = (struct health_check){said, 0};
    return true;
}

enum registry_health health_overall(const struct health_check *checks, size_t count)
{
    enum registry_health overall = HEALTH_HEALTHY;
    for (size_t i = 0; i < count; i++) {
        if (checks[i].state == HEALTH_UNHEALTHY)
            return HEALTH_UNHEALTHY;
        if (checks[i].state != HEALTH_HEALTHY)
            overall = HEALTH_UNKNOWN;
    }
    return overall;
}

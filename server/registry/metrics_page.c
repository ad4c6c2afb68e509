/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "metrics/page.h"
#include "registry/metrics.h"
#include "registry/registry.h"
#include "registry/service_state.h"
#include "registry/xds/xds.h"

/* The registry's part of the metrics page, in Prometheus' text format. On a thread of the pool: it looks at every
 * instance. */

static uint64_t now(const _Atomic uint64_t *number)
{
    return atomic_load_explicit(number, memory_order_relaxed);
}

static void histogram(struct metrics_page *page, const char *name, const char *help,
                      const struct registry_histogram *from)
{
    uint64_t count = 0;
    metrics_head(page, name, "histogram", help);
    for (int i = 0; i < REGISTRY_BUCKETS; i++) {
        count += now(&from->buckets[i]);
        metrics_put(page, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name, (double)registry_metrics_bound_us(i) / 1e6,
                    count);
    }
    count += now(&from->buckets[REGISTRY_BUCKETS]);
    metrics_put(page, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, count);
    metrics_put(page, "%s_sum %.6f\n%s_count %" PRIu64 "\n", name, (double)now(&from->sum_us) / 1e6, name, count);
}

/* --- what is there ------------------------------------------------------------------------------------------------ */

static void write_view(struct metrics_page *page, const struct registry_view *view)
{
    uint64_t healthy = 0, unhealthy = 0, unknown = 0, draining = 0, maintenance = 0;
    for (size_t i = 0; i < view->service_count; i++) {
        const struct registry_service_view *service = view->services[i];
        healthy += service->healthy_count;
        unhealthy += service->unhealthy_count;
        unknown += service->unknown_count;
        for (size_t j = 0; j < service->count; j++) {
            enum registry_operator_state state = registry_instance_operator_state(service->instances[j]);
            draining += state == OPERATOR_DRAINING;
            maintenance += state == OPERATOR_MAINTENANCE;
        }
    }
    metrics_single(page, "mltrainer_registry_services", "gauge", "Services that have instances.", view->service_count);
    metrics_head(page, "mltrainer_registry_instances", "gauge", "Instances by health.");
    metrics_put(page,
        "mltrainer_registry_instances{health=\"healthy\"} %" PRIu64 "\n"
        "mltrainer_registry_instances{health=\"unhealthy\"} %" PRIu64 "\n"
        "mltrainer_registry_instances{health=\"unknown\"} %" PRIu64 "\n",
        healthy, unhealthy, unknown);
    metrics_head(page, "mltrainer_registry_instances_out_of_service", "gauge",
                 "Instances that an operator took out of service.");
    metrics_put(page,
        "mltrainer_registry_instances_out_of_service{operator_state=\"draining\"} %" PRIu64 "\n"
        "mltrainer_registry_instances_out_of_service{operator_state=\"maintenance\"} %" PRIu64 "\n",
        draining, maintenance);
    metrics_single(page, "mltrainer_registry_revision", "gauge", "Revision of the last change.",
                   (uint64_t)view->revision);
}

/* --- what happened ------------------------------------------------------------------------------------------------ */

static const char *const reasons[REGISTRY_REASONS] = {
    [REASON_REGISTERED] = "registered",       [REASON_UPDATED] = "updated",
    [REASON_DEREGISTERED] = "deregistered",   [REASON_LEASE_EXPIRED] = "lease_expired",
    [REASON_STREAM_BROKEN] = "stream_broken", [REASON_CHECK_PASSED] = "check_passed",
    [REASON_CHECK_FAILED] = "check_failed",   [REASON_OPERATOR] = "operator",
};

static void write_metrics(struct metrics_page *page, const struct registry_metrics *metrics)
{
    static const char name[] = "mltrainer_registry_transitions_total";
    metrics_head(page, name, "counter", "State changes of instances by reason; expired leases are among them.");
    for (int i = 0; i < REGISTRY_REASONS; i++)
        if (reasons[i])
            metrics_put(page, "%s{reason=\"%s\"} %" PRIu64 "\n", name, reasons[i], now(&metrics->transitions[i]));
    metrics_single(page, "mltrainer_registry_watchers", "gauge", "Open watches.", now(&metrics->watchers));
    metrics_single(page, "mltrainer_registry_checks", "gauge", "Health checks that are configured.",
           now(&metrics->checks_configured));
    metrics_single(page, "mltrainer_registry_checks_in_flight", "gauge", "Health checks that are running.",
           now(&metrics->checks_in_flight));
    metrics_head(page, "mltrainer_registry_check_results_total", "counter",
                 "Results of health checks that the registry ran.");
    metrics_put(page,
        "mltrainer_registry_check_results_total{result=\"passed\"} %" PRIu64 "\n"
        "mltrainer_registry_check_results_total{result=\"failed\"} %" PRIu64 "\n",
        now(&metrics->checks[true]), now(&metrics->checks[false]));
    histogram(page, "mltrainer_registry_check_duration_seconds", "How long health checks took.",
              &metrics->check_durations);
    histogram(page, "mltrainer_registry_commit_duration_seconds",
              "From the decision about a change until it is durable and shown to readers.", &metrics->commits);
    metrics_single(page, "mltrainer_registry_commit_failures_total", "counter",
                   "Changes that could not be made durable.", now(&metrics->failed_commits));
}

/* --- xDS ---------------------------------------------------------------------------------------------------------- */

static void write_xds(struct metrics_page *page, const struct registry_xds *xds)
{
    static const char *const verdicts[XDS_VERDICTS] = {
        [XDS_SUBSCRIBE] = "subscribe", [XDS_ACK] = "ack", [XDS_NACK] = "nack", [XDS_STALE] = "stale"};
    const struct xds_stats *stats = registry_xds_stats(xds);
    metrics_single(page, "mltrainer_xds_streams", "gauge", "Open xDS streams.", now(&stats->streams));
    metrics_head(page, "mltrainer_xds_requests_total", "counter",
                 "xDS requests by type and by what they say of a response.");
    for (enum xds_type type = 0; type < XDS_TYPES; type++)
        for (int verdict = 0; verdict < XDS_VERDICTS; verdict++)
            metrics_put(page, "mltrainer_xds_requests_total{type=\"%s\",verdict=\"%s\"} %" PRIu64 "\n",
                        xds_type_name(type), verdicts[verdict], now(&stats->requests[type][verdict]));
    metrics_single(page, "mltrainer_xds_unknown_type_requests_total", "counter",
                   "xDS requests for types that are not served.", now(&stats->unknown_type_requests));
    metrics_head(page, "mltrainer_xds_responses_total", "counter", "xDS responses by type.");
    for (enum xds_type type = 0; type < XDS_TYPES; type++)
        metrics_put(page, "mltrainer_xds_responses_total{type=\"%s\"} %" PRIu64 "\n", xds_type_name(type),
            now(&stats->responses[type]));
    metrics_single(page, "mltrainer_xds_assignments_packed_total", "counter",
           "Versions of services that were packed for xDS, once for all streams.", registry_xds_packed_count(xds));
}

int registry_write_metrics(struct registry *registry, int (*write)(void *arg, const char *text, size_t size), void *arg)
{
    struct metrics_page page = {.write = write, .arg = arg};
    const struct registry_view *view = registry_snapshot(registry);
    if (view)
        write_view(&page, view);
    registry_snapshot_release(view);
    write_metrics(&page, &registry->metrics);
    write_xds(&page, registry->xds);
    return page.error;
}

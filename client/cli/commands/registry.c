/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void copy(const char *text, char storage[512])
{
    if (strlen(text) >= 512)
        exit(cli_usage("\"%.40s…\" is too long", text));
    strcpy(storage, text);
}

void registry_parse_key(const char *text, Mltrainer__Registry__V1__InstanceKey *key, char storage[512])
{
    mltrainer__registry__v1__instance_key__init(key);
    copy(text, storage);
    char *last = strrchr(storage, '/');
    if (!last)
        exit(cli_usage("\"%s\" names no instance; write SERVICE/ID or NAMESPACE/SERVICE/ID", text));
    *last = 0;
    key->id = last + 1;
    char *first = strchr(storage, '/');
    if (first)
        *first = 0;
    key->namespace_ = first ? storage : "";
    key->service = first ? first + 1 : storage;
}

void registry_parse_service(const char *text, char **namespace, char **service, char storage[512])
{
    copy(text, storage);
    char *slash = strchr(storage, '/');
    if (slash)
        *slash = 0;
    *namespace = slash ? storage : "";
    *service = slash ? slash + 1 : storage;
}

void registry_parse_endpoint(const char *text, Mltrainer__Registry__V1__Endpoint *endpoint, char storage[512])
{
    mltrainer__registry__v1__endpoint__init(endpoint);
    copy(text, storage);
    char *host = storage, *scheme = strstr(storage, "://");
    if (scheme) {
        *scheme = 0;
        endpoint->protocol = storage;
        host = scheme + 3;
    }
    char *colon = strrchr(host, ':');
    char *end = NULL;
    unsigned long port = colon ? strtoul(colon + 1, &end, 10) : 0;
    if (!colon || *end || port < 1 || port > 65535)
        exit(cli_usage("\"%s\" is not HOST:PORT", text));
    *colon = 0;
    size_t length = strlen(host);
    if (length > 1 && host[0] == '[' && host[length - 1] == ']') {
        host[length - 1] = 0;
        host++;
    }
    endpoint->address = host;
    endpoint->port = (uint32_t)port;
}

const char *registry_health(Mltrainer__Registry__V1__HealthState state)
{
    static const char *const names[] = {"-", "unknown", "healthy", "unhealthy"};
    return state >= 0 && state <= 3 ? names[state] : "?";
}

const char *registry_operator_state(Mltrainer__Registry__V1__OperatorState state)
{
    static const char *const names[] = {"active", "active", "draining", "maintenance"};
    return state >= 0 && state <= 3 ? names[state] : "?";
}

const char *registry_reason(Mltrainer__Registry__V1__TransitionReason reason)
{
    static const char *const names[] = {"-",           "registered",    "updated",      "deregistered", "lease expired",
                                        "stream broken", "check passed", "check failed", "operator", "lease renewed"};
    return reason >= 0 && reason <= 9 ? names[reason] : "?";
}

const char *const registry_titles[] = {"SERVICE", "ID", "ADDRESS", "HEALTH", "WHY", "VERSION", "ZONE", ">WEIGHT", NULL};

struct columns *registry_columns(void)
{
    return columns_new(registry_titles);
}

void registry_add_row(struct columns *columns, const Mltrainer__Registry__V1__Instance *instance)
{
    const Mltrainer__Registry__V1__InstanceKey *key = instance->key;
    const Mltrainer__Registry__V1__InstanceStatus *status = instance->status;
    const char *namespace = key && *key->namespace_ ? key->namespace_ : "default";
    columns_add(columns, "%s/%s", namespace, key ? key->service : "");
    columns_add(columns, "%s", key ? key->id : "");
    if (instance->n_endpoints > 0)
        columns_add(columns, strchr(instance->endpoints[0]->address, ':') ? "[%s]:%u" : "%s:%u",
                    instance->endpoints[0]->address, instance->endpoints[0]->port);
    else
        columns_add(columns, "-");
    bool out = status && status->operator_state > MLTRAINER__REGISTRY__V1__OPERATOR_STATE__OPERATOR_STATE_ACTIVE;
    columns_add(columns, "%s%s%s", registry_health(status ? status->state : 0), out ? ", " : "",
                out ? registry_operator_state(status->operator_state) : "");
    columns_add(columns, "%s", status && *status->text ? status->text : registry_reason(status ? status->reason : 0));
    columns_add(columns, "%s", *instance->version ? instance->version : "-");
    columns_add(columns, "%s", *instance->zone ? instance->zone : "-");
    columns_add(columns, "%u", instance->weight);
}

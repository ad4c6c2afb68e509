/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGISTRY_METHODS_H
#define REGISTRY_METHODS_H

#include "registry/service.h"

/* One file a method. @self is the struct registry. */

int registry_register(void *self, struct mrpc_call *call, const PB(RegisterRequest) * request,
                      PB(RegisterResponse) * response);
int registry_deregister(void *self, struct mrpc_call *call, const PB(DeregisterRequest) * request,
                        PB(DeregisterResponse) * response);
int registry_heartbeat(void *self, struct mrpc_call *call, const PB(HeartbeatRequest) * request,
                       PB(HeartbeatResponse) * response);
int registry_heartbeat_stream_open(void *self, struct mrpc_call *call);
int registry_heartbeat_stream_message(void *self, struct mrpc_call *call, const PB(HeartbeatStreamRequest) * message);
/** End them all with UNAVAILABLE. On the domain loop. */
void registry_heartbeat_streams_end(struct registry *registry);
int registry_heartbeat_stream_half_close(void *self, struct mrpc_call *call);
int registry_discover(void *self, struct mrpc_call *call, const PB(DiscoverRequest) * request,
                      PB(DiscoverResponse) * response);
int registry_list_services(void *self, struct mrpc_call *call, const PB(ListServicesRequest) * request,
                           PB(ListServicesResponse) * response);
int registry_list_instances(void *self, struct mrpc_call *call, const PB(ListInstancesRequest) * request,
                            PB(ListInstancesResponse) * response);
int registry_get_instance(void *self, struct mrpc_call *call, const PB(GetInstanceRequest) * request,
                          PB(GetInstanceResponse) * response);
int registry_watch(void *self, struct mrpc_call *call, const PB(WatchRequest) * request);
int registry_update_instance(void *self, struct mrpc_call *call, const PB(UpdateInstanceRequest) * request,
                             PB(UpdateInstanceResponse) * response);
int registry_set_operator_state(void *self, struct mrpc_call *call, const PB(SetOperatorStateRequest) * request,
                                PB(SetOperatorStateResponse) * response);
int registry_list_transitions(void *self, struct mrpc_call *call, const PB(ListTransitionsRequest) * request,
                              PB(ListTransitionsResponse) * response);
int registry_report_load_open(void *self, struct mrpc_call *call);
int registry_report_load_message(void *self, struct mrpc_call *call, const PB(ReportLoadRequest) * message);
int registry_report_load_half_close(void *self, struct mrpc_call *call);
int registry_check_now(void *self, struct mrpc_call *call, const PB(CheckNowRequest) * request,
                       PB(CheckNowResponse) * response);
int registry_get_registry_info(void *self, struct mrpc_call *call, const PB(GetRegistryInfoRequest) * request,
                               PB(GetRegistryInfoResponse) * response);

/* heartbeat.c, for both ways of sending them. On the domain loop: renew, take the reports. */
int registry_take_heartbeat(struct registry *registry, const PB(HeartbeatRequest) * request,
                            const struct caller *caller, struct catalog_slot **slot,
                            struct fault *fault) MRPC_MUST_USE;
int registry_check_heartbeat(const PB(HeartbeatRequest) * request, struct fault *fault) MRPC_MUST_USE;

/** Keep @view as long as the call, because its response points into it. */
void registry_hold_view(struct mrpc_call *call, const struct registry_view *view);
/** The same with an instance (a reference is taken). */
void registry_hold_instance(struct mrpc_call *call, struct registry_instance *instance);
/** For `committed` of a method that answers with its instance: fail with "not @what: @text", or point *@at to what was
 * decided and finish. */
void registry_command_answer_instance(struct registry_command *command, int code, const char *text, const char *what,
                                      PB(Instance) * *at);

/* page.c */
/** Check a page size; *@limit receives it. */
int registry_page_size(int32_t page_size, size_t *limit, struct fault *fault) MRPC_MUST_USE;
/** Split "NS/SERVICE" or "NS/SERVICE/ID" into @parts, in @arena. Errors: INVALID_ARGUMENT naming page_token. */
int registry_page_token(struct mrpc_arena *arena, const char *token, const char **parts, size_t count,
                        struct fault *fault) MRPC_MUST_USE;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLTRAINER_RESOLVER_H
#define MLTRAINER_RESOLVER_H

#include <mltrainer/mltrainer.h>
#include <mrpc/channel.h>

/* Channels of libmrpc that balance over a service of the registry. Link with mltrainer::resolver,
 * in a build tree that has both libraries.
 *
 *     struct mlt_resolver_options registry = {.struct_bytes = sizeof registry, .registry = "127.0.0.1:50051"};
 *     struct mrpc_channel_options options = {.struct_bytes = sizeof options, .balancing = MRPC_WEIGHTED_ROUND_ROBIN,
 *                                            .resolver = mlt_resolver(), .resolver_arg = &registry};
 *     mrpc_channel_new("mlt:///prices", &options, &channel);
 */

#ifdef __cplusplus
extern "C" {
#endif

struct mlt_resolver_options {
    size_t struct_bytes;                      /* sizeof(struct mlt_resolver_options) */
    const char *registry;                     /* where it is, as for mlt_client_new() */
    const struct mlt_client_options *client;  /* NULL: defaults */
    const char *zone;                         /* instances of this zone are preferred; NULL: none */
};

/** A resolver of "mlt:///SERVICE" and "mlt:///NAMESPACE/SERVICE": the healthy instances of the service with their
 *  weights, as a mlt_cache sees them; so the channel goes on with what was known while the registry is away. Instances
 *  whose address is a host name are left out.
 *  Thread: each channel's resolver has one of its own, besides its client's. Ownership: the options are the channel's
 *  resolver_arg, borrowed until the channel is freed. Errors: calls fail UNAVAILABLE with the reason while there is no
 *  instance to call. */
const struct mrpc_resolver *mlt_resolver(void);

#ifdef __cplusplus
}
#endif
#endif

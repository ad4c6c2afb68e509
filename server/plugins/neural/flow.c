/* SPDX-License-Identifier: Apache-2.0 */
/* Neural ordinary differential equation: Chen, Rubanova, Bettencourt and Duvenaud (2018). The last rows become a state,
 * the state flows for one unit of time, where it arrives tells the target. */
#include "net/model.h"

static void read(struct call *call, struct plan *plan, struct trainer *trainer)
{
    static const char *const methods[] = {"dopri5", "bosh3", "adaptive_heun", NULL};

    net_read_window(call, plan);
    plan->shape = call_choice(call, "method", methods);
    plan->units = (uint64_t)call_integer(call, "units", 1, 4096);
    plan->inner = (uint64_t)call_integer(call, "hidden_size", 1, 4096);
    plan->tolerance = call_number_within(call, "rtol", 1e-12, 1e-2);
}

static void build(struct net *net, const struct plan *plan)
{
    size_t state = net_dense(net, net_reshape(net, 0, 1), plan->units);
    enum net_pair pair = plan->shape <= NET_HEUN ? (enum net_pair)plan->shape : NET_DOPRI5; /* of a forged artifact */

    net_dense(net, net_ode(net, state, plan->inner, pair, plan->tolerance), plan->outputs);
}

static const struct architecture neural_ode_architecture = {.read = read, .build = build, .emit = net_emit_number};
NET_MODEL(neural_ode, .task = LEARNER_NUMBERS, .outputs = {"prediction"});

/* SPDX-License-Identifier: Apache-2.0 */
/* Linear support vector regression by liblinear's dual coordinate descent; the intercept is a feature of 1, penalised
 * as the others are. It draws with rand(), which belongs to the process: a worker does one job at a time, and each
 * seeds it.
 * Source: Ho and Lin (2012), "Large-scale linear support vector regression". */
#include <stdlib.h>

#include <linear.h>

#include "machine.h"

static void say_nothing(const char *text)
{
    (void)text;
}

static struct problem problem_of(struct call *call)
{
    size_t rows = (size_t)call->rows, width = call->feature_count + 2;
    struct feature_node *nodes = call_memory(call, rows * width, sizeof(*nodes));
    struct problem problem = {.l = (int)rows,
                              .n = (int)call->feature_count + 1,
                              .bias = 1,
                              .y = call_numbers(call, call->rows),
                              .x = call_memory(call, rows, sizeof(struct feature_node *))};
    for (size_t row = 0; !call->status && row < rows; row++) {
        problem.x[row] = nodes + row * width;
        problem.y[row] = call->target[row];
        for (size_t i = 0; i < call->feature_count; i++)
            problem.x[row][i] = (struct feature_node){.index = (int)i + 1, .value = call->features[i][row]};
        problem.x[row][width - 2] = (struct feature_node){.index = problem.n, .value = 1};
        problem.x[row][width - 1].index = -1;
    }
    return problem;
}

static int32_t fit(struct call *call, void **state)
{
    struct parameter parameter = {.solver_type = L2R_L1LOSS_SVR_DUAL, .C = call_number_within(call, "C", 1e-9, 1e9),
                                  .p = call_number_within(call, "epsilon", 0, 1e12),
                                  .eps = call_number_within(call, "tol", 1e-12, 1)};
    machine_check(call);
    if (call->status)
        return call->status;
    struct problem problem = problem_of(call);
    if (call->status || call_step(call, 0, 1))
        return call->status;
    set_print_string_function(say_nothing);
    srand((unsigned)call->host->seed);
    struct model *trained = train(&problem, &parameter);
    struct machine *machine = machine_new(1, call->feature_count);
    if (machine) {
        memcpy(machine_columns(machine), trained->w, machine->features * sizeof(double));
        machine->constant = trained->w[machine->features];
        machine->kernel.shape = GRAM_LINEAR;
        machine->numbers[0] = 1;
        *state = machine;
    } else {
        call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the model");
    }
    free_and_destroy_model(&trained);
    return call->status;
}

LEARNER(linear_svr, .task = LEARNER_NUMBERS, .outputs = {"prediction"}, .fit = fit, .apply = machine_apply,
        .save = machine_save, .restore = machine_restore, .release = free);

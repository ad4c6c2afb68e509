/* SPDX-License-Identifier: Apache-2.0 */
/* Support vector regression by libsvm: epsilon and nu. It cannot be cancelled from inside; the host kills the worker.
 * Sources: Drucker et al. (1997); Schölkopf et al. (2000); Chang and Lin (2011), "LIBSVM". */
#include <math.h>
#include <stdlib.h>

#include <svm.h>
#include <sys/mman.h>

#include "machine.h"

#define PAIRS_BYTES ((size_t)128 << 20) /* of kernels that are computed ahead: 2,895 rows */
#define PAGE_BYTES ((size_t)2 << 20)

static void say_nothing(const char *text)
{
    (void)text;
}

/* scikit-learn's "scale": 1 / (features times the variance of all numbers). */
static double scale_of(const struct call *call)
{
    double count = (double)call->rows * (double)call->feature_count, mean = 0, squares = 0;

    for (size_t i = 0; i < call->feature_count; i++)
        for (int64_t row = 0; row < call->rows; row++)
            mean += call->features[i][row] / count;
    for (size_t i = 0; i < call->feature_count; i++)
        for (int64_t row = 0; row < call->rows; row++)
            squares += (call->features[i][row] - mean) * (call->features[i][row] - mean) / count;
    return squares > 0 ? 1 / ((double)call->feature_count * squares) : 1;
}

static struct gram_kernel asked_kernel(struct call *call)
{
    static const char *const kernels[] = {"linear", "poly", "rbf", NULL};
    static const enum gram_shape shapes[] = {GRAM_LINEAR, GRAM_POLYNOMIAL, GRAM_GAUSSIAN};
    struct gram_kernel kernel = {.shape = shapes[call_choice(call, "kernel", kernels)],
                                 .factor = call_number_within(call, "gamma", 0, 1e12),
                                 .offset = call_number_within(call, "coef0", -1e12, 1e12),
                                 .power = (double)call_integer(call, "degree", 1, 100)};

    if (!call->status && kernel.factor == 0)
        kernel.factor = scale_of(call);
    return kernel;
}

/* ---- What libsvm is given ---- */

/* Rows of @width of @nodes each. */
static struct svm_problem problem_new(struct call *call, struct svm_node *nodes, size_t width)
{
    size_t rows = (size_t)call->rows;
    struct svm_problem problem = {.l = (int)rows, .y = call_numbers(call, call->rows),
                                  .x = call_memory(call, rows, sizeof(struct svm_node *))};

    for (size_t row = 0; !call->status && row < rows; row++) {
        problem.x[row] = nodes + row * width;
        problem.y[row] = call->target[row];
    }
    return problem;
}

/* Numbers with their positions, ended by -1. */
static struct svm_problem problem_of_numbers(struct call *call)
{
    size_t width = call->feature_count + 1;
    struct svm_node *nodes = call_memory(call, (size_t)call->rows * width, sizeof(*nodes));
    struct svm_problem problem = problem_new(call, nodes, width);

    for (size_t row = 0; !call->status && row < (size_t)call->rows; row++) {
        for (size_t i = 0; i + 1 < width; i++)
            problem.x[row][i] = (struct svm_node){.index = (int)i + 1, .value = call->features[i][row]};
        problem.x[row][width - 1].index = -1;
    }
    return problem;
}

/* Nodes for the kernel of all pairs, or NULL: too many, or no memory, and libsvm computes each as it needs it. In pages
 * as large as there are: those of 4 KiB take longer to come by than what is written into them. */
static struct svm_node *pairs_new(const struct call *call)
{
    size_t bytes = (size_t)call->rows * ((size_t)call->rows + 1) * sizeof(struct svm_node);
    size_t whole = (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    struct svm_node *pairs = bytes <= PAIRS_BYTES ? aligned_alloc(PAGE_BYTES, whole) : NULL;

    if (pairs && bytes >= PAGE_BYTES)
        madvise(pairs, whole, MADV_HUGEPAGE); /* else it is slower */
    return pairs;
}

/* By products of matrices and whole lines of exponentials: libsvm's own kernel walks a pair of rows node by node. A
 * row's first node is its number, from 1 on; of the others the value alone is looked at. */
static struct svm_problem problem_of_pairs(struct call *call, const struct gram_kernel *kernel, struct svm_node *pairs)
{
    size_t rows = (size_t)call->rows;
    struct svm_problem problem = problem_new(call, pairs, rows + 1);
    double *columns = gram_columns(call), *point = call_numbers(call, (int64_t)call->feature_count);
    double *stripe = call_numbers(call, (int64_t)rows * GRAM_STRIPE);

    for (size_t first = 0; !call->status && first < rows; first += GRAM_STRIPE) {
        if (call_step(call, (double)first, 4 * (double)rows))
            break;
        size_t count = rows - first < GRAM_STRIPE ? rows - first : GRAM_STRIPE;
        gram_stripe(kernel->shape, columns, call->feature_count, rows, first, count, point, stripe);
        for (size_t i = 0; i < count; i++) {
            gram_apply(kernel, stripe + i * rows, first + i + 1, stripe + i * rows);
            problem.x[first + i][0].value = (double)(first + i + 1);
            for (size_t other = 0; other <= first + i; other++)
                problem.x[first + i][other + 1].value = stripe[i * rows + other];
        }
        for (size_t other = 0; other < first + count; other++)
            for (size_t row = other > first ? other : first; row < first + count; row++)
                problem.x[other][row + 1].value = stripe[(row - first) * rows + other];
    }
    return problem;
}

/* ---- What it gives ---- */

static int32_t keep(struct call *call, const struct svm_model *trained, const struct gram_kernel *kernel, void **state)
{
    if (!isfinite(trained->rho[0]))
        return call_fail(call, MLTRAINER_INVALID_DATA, "", "the numbers are too large for this kernel");
    struct machine *machine = machine_new((size_t)trained->l, call->feature_count);
    if (!machine)
        return call_fail(call, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the model");
    machine->kernel = *kernel;
    machine->constant = -trained->rho[0];
    for (size_t v = 0; v < machine->vectors; v++) {
        machine->numbers[v] = trained->sv_coef[0][v];
        for (size_t i = 0; i < machine->features; i++)
            machine_columns(machine)[i * machine->vectors + v] = call->features[i][trained->sv_indices[v] - 1];
    }
    call->host->metric(call->host, "support_vectors", MLTRAINER_STEP_FINAL, (double)machine->vectors);
    *state = machine;
    return call->status;
}

/* @pairs: of pairs_new(). */
static int32_t train_on(struct call *call, struct svm_parameter *parameter, const struct gram_kernel *kernel,
                        struct svm_node *pairs, void **state)
{
    static const int kernels[] = {[GRAM_LINEAR] = LINEAR, [GRAM_POLYNOMIAL] = POLY, [GRAM_GAUSSIAN] = RBF};
    struct svm_problem problem = pairs ? problem_of_pairs(call, kernel, pairs) : problem_of_numbers(call);

    if (call->status || call_step(call, 0, 1))
        return call->status;
    parameter->kernel_type = pairs ? PRECOMPUTED : kernels[kernel->shape];
    parameter->degree = (int)kernel->power;
    parameter->gamma = kernel->factor;
    parameter->coef0 = kernel->offset;
    parameter->cache_size = 200;
    parameter->shrinking = 1;
    const char *wrong = svm_check_parameter(&problem, parameter);
    if (wrong)
        return call_fail(call, MLTRAINER_INVALID_PARAMETER, "", "libsvm: %s", wrong);
    svm_set_print_string_function(say_nothing);
    struct svm_model *trained = svm_train(&problem, parameter);
    int32_t status = keep(call, trained, kernel, state);
    svm_free_and_destroy_model(&trained);
    return status;
}

static int32_t train_machine(struct call *call, struct svm_parameter *parameter, void **state)
{
    machine_check(call);
    if (call->status)
        return call->status;
    struct gram_kernel kernel = asked_kernel(call);
    parameter->C = call_number_within(call, "C", 1e-9, 1e9);
    parameter->eps = call_number_within(call, "tol", 1e-12, 1);
    if (call->status)
        return call->status;
    struct svm_node *pairs = pairs_new(call);
    int32_t status = train_on(call, parameter, &kernel, pairs, state);
    free(pairs);
    return status;
}

static int32_t fit_epsilon(struct call *call, void **state)
{
    struct svm_parameter parameter = {.svm_type = EPSILON_SVR, .p = call_number_within(call, "epsilon", 0, 1e12)};

    return train_machine(call, &parameter, state);
}

static int32_t fit_nu(struct call *call, void **state)
{
    struct svm_parameter parameter = {.svm_type = NU_SVR, .nu = call_number_within(call, "nu", 1e-6, 1)};

    return train_machine(call, &parameter, state);
}

LEARNER(svr, .task = LEARNER_NUMBERS, .outputs = {"prediction"}, .fit = fit_epsilon, .apply = machine_apply,
        .save = machine_save, .restore = machine_restore, .release = free);
LEARNER(nu_svr, .task = LEARNER_NUMBERS, .outputs = {"prediction"}, .fit = fit_nu, .apply = machine_apply,
        .save = machine_save, .restore = machine_restore, .release = free);

/* SPDX-License-Identifier: Apache-2.0 */
/* A family of one model: where the last price stands between the lowest and the highest of some rows, 0 to 1. */
#include <math.h>

#include <mltrainer/plugin_table.h>

static double position(const double *price, int64_t row, int64_t window)
{
    double low = price[row], high = price[row];

    for (int64_t i = row - window + 1; i < row; i++) {
        low = fmin(low, price[i]);
        high = fmax(high, price[i]);
    }
    return high > low ? (price[row] - low) / (high - low) : 0.5;
}

static int32_t compute(const struct mltrainer_host *host, const struct mltrainer_request *request,
                       struct mltrainer_output *output, struct mltrainer_error *error)
{
    int64_t window = mltrainer_parameter_find(request, "window")->integer;
    double *price = NULL;
    int32_t status = mltrainer_column_numbers(host, request, "close", &price, error);
    if (!status)
        status = mltrainer_output_start(host, output, request->array->length, 1, error);
    if (status)
        return status;
    double *out = mltrainer_output_numbers(host, output, "position");
    if (!out)
        return mltrainer_fail(error, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the output");
    for (int64_t row = 0; row < request->array->length; row++) {
        if (row % 1024 == 0 && host->cancelled(host))
            return mltrainer_fail(error, MLTRAINER_CANCELLED, "", "cancelled");
        out[row] = row + 1 < window ? NAN : position(price, row, window);
    }
    return MLTRAINER_OK;
}

static const struct mltrainer_computable computable = {.size = sizeof(computable), .compute = compute};

static const struct mltrainer_algorithm algorithm = {
    .size = sizeof(algorithm),
    .flags = MLTRAINER_DETERMINISTIC,
    .id = "range_position",
    .description = "Place of the price in its range.",
    .computable = &computable,
};

static const struct mltrainer_algorithm *const algorithms[] = {&algorithm};

/* The one name that the host looks for. */
const struct mltrainer_plugin mltrainer_plugin_v1 = {
    .size = sizeof(mltrainer_plugin_v1),
    .abi_major = MLTRAINER_ABI_MAJOR,
    .abi_minor = MLTRAINER_ABI_MINOR,
    .family = "position",
    .version = "1.0.0",
    .description = "Where a price stands.",
    .licence = "Apache-2.0",
    .engine = "C",
    .algorithm_count = 1,
    .algorithms = algorithms,
};

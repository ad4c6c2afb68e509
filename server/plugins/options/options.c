/* SPDX-License-Identifier: Apache-2.0 */
#include <mltrainer/plugin_table.h>

#include "black_scholes.h"
#include "contract.h"
#include "support/family.h"

#define COLUMNS 11
#define ROWS_BETWEEN_CHECKS 4096

static const char *const names[COLUMNS] = {"price", "delta", "gamma", "vega",  "theta", "rho",
                                           "psi",   "vanna", "volga", "charm", "speed"};

/* The inputs of all rows. With a table they are its columns; without one there is a single row, of parameters. */
struct book {
    int64_t rows;
    double *spot, *strike, *years, *rate, *volatility;
    double *dividend_yield;          /* NULL: the parameter holds for all */
    const struct ArrowArray *types;  /* NULL: the parameter holds for all */
    double dividend_yield_parameter;
    int is_put_parameter;
};

static int32_t read_type(const char *text, size_t bytes, int *is_put)
{
    *is_put = bytes == 3 && memcmp(text, "put", 3) == 0;
    return *is_put || (bytes == 4 && memcmp(text, "call", 4) == 0) ? MLTRAINER_OK : MLTRAINER_INVALID_DATA;
}

static int32_t read_input(const struct mltrainer_host *host, const struct mltrainer_request *request, const char *name,
                          double fallback, double **out, struct mltrainer_error *error)
{
    if (request->schema)
        return mltrainer_column_numbers(host, request, name, out, error);
    *out = host->alloc(host, sizeof(double));
    if (!*out)
        return mltrainer_fail(error, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the input");
    **out = mltrainer_parameter_number(request, name, fallback);
    return MLTRAINER_OK;
}

static int32_t read_optional(const struct mltrainer_host *host, const struct mltrainer_request *request,
                             struct book *book, struct mltrainer_error *error)
{
    const char *type = mltrainer_parameter_text(request, "option_type", "call");
    int64_t types = mltrainer_column_find(request, "option_type");

    book->dividend_yield_parameter = mltrainer_parameter_number(request, "dividend_yield", 0);
    if (read_type(type, strlen(type), &book->is_put_parameter))
        return mltrainer_fail(error, MLTRAINER_INVALID_PARAMETER, "option_type", "\"%.40s\" is neither call nor put",
                              type);
    if (types >= 0 && strcmp(request->schema->children[types]->format, "u") != 0)
        return mltrainer_fail(error, MLTRAINER_INVALID_DATA, "option_type", "the column is not text");
    book->types = types >= 0 ? request->array->children[types] : NULL;
    if (mltrainer_column_find(request, "dividend_yield") < 0)
        return MLTRAINER_OK;
    return mltrainer_column_numbers(host, request, "dividend_yield", &book->dividend_yield, error);
}

static int32_t read_book(const struct mltrainer_host *host, const struct mltrainer_request *request, struct book *book,
                         struct mltrainer_error *error)
{
    int32_t status;

    *book = (struct book){.rows = request->schema ? request->array->length : 1};
    if ((status = read_input(host, request, "spot", 100, &book->spot, error)) ||
        (status = read_input(host, request, "strike", 100, &book->strike, error)) ||
        (status = read_input(host, request, "time_to_expiry", 0.25, &book->years, error)) ||
        (status = read_input(host, request, "risk_free_rate", 0.05, &book->rate, error)) ||
        (status = read_input(host, request, "volatility", 0.2, &book->volatility, error)))
        return status;
    return read_optional(host, request, book, error);
}

static int32_t refuse(struct mltrainer_error *error, const char *name, int64_t row, double value, const char *rule)
{
    return mltrainer_fail(error, MLTRAINER_INVALID_DATA, name, "row %lld (from 0) is %g: it must be %s", (long long)row,
                          value, rule);
}

static int32_t option_at(const struct book *book, int64_t row, struct option *option, struct mltrainer_error *error)
{
    *option = (struct option){
        .spot = book->spot[row],
        .strike = book->strike[row],
        .years = book->years[row],
        .rate = book->rate[row],
        .volatility = book->volatility[row],
        .dividend_yield = book->dividend_yield ? book->dividend_yield[row] : book->dividend_yield_parameter,
        .is_put = book->is_put_parameter,
    };
    if (!(option->spot > 0) || isinf(option->spot))
        return refuse(error, "spot", row, option->spot, "above 0");
    if (!(option->strike > 0) || isinf(option->strike))
        return refuse(error, "strike", row, option->strike, "above 0");
    if (!(option->years >= 0) || isinf(option->years))
        return refuse(error, "time_to_expiry", row, option->years, "0 or more");
    if (!(option->volatility >= 0) || isinf(option->volatility))
        return refuse(error, "volatility", row, option->volatility, "0 or more");
    if (!isfinite(option->rate))
        return refuse(error, "risk_free_rate", row, option->rate, "a finite number");
    if (!isfinite(option->dividend_yield))
        return refuse(error, "dividend_yield", row, option->dividend_yield, "a finite number");
    if (!book->types)
        return MLTRAINER_OK;
    const int32_t *offsets = (const int32_t *)book->types->buffers[1] + book->types->offset;
    const char *text = book->types->buffers[2];
    if (!mltrainer_column_has(book->types, row) ||
        read_type(text + offsets[row], (size_t)(offsets[row + 1] - offsets[row]), &option->is_put))
        return mltrainer_fail(error, MLTRAINER_INVALID_DATA, "option_type", "row %lld (from 0) is neither call nor put",
                              (long long)row);
    return MLTRAINER_OK;
}

static int32_t value_rows(const struct mltrainer_host *host, const struct book *book, size_t count, double **columns,
                          struct mltrainer_error *error)
{
    for (int64_t row = 0; row < book->rows; row++) {
        struct option option;
        union {
            struct option_value named;
            double all[COLUMNS];
        } value;
        _Static_assert(sizeof(value.named) == sizeof(value.all), "each member of option_value is a column");
        if (row % ROWS_BETWEEN_CHECKS == 0) {
            host->progress(host, (double)row / (double)book->rows);
            if (host->cancelled(host))
                return mltrainer_fail(error, MLTRAINER_CANCELLED, "", "cancelled at row %lld", (long long)row);
        }
        int32_t status = option_at(book, row, &option, error);
        if (status)
            return status;
        black_scholes_value(&option, &value.named);
        for (size_t i = 0; i < count; i++)
            columns[i][row] = value.all[i];
    }
    return MLTRAINER_OK;
}

static int32_t compute(const struct mltrainer_host *host, const struct mltrainer_request *request, size_t count,
                       struct mltrainer_output *output, struct mltrainer_error *error)
{
    double *columns[COLUMNS];
    struct book book;
    int32_t status;

    if ((status = read_book(host, request, &book, error)) ||
        (status = mltrainer_output_start(host, output, book.rows, count, error)))
        return status;
    for (size_t i = 0; i < count; i++) {
        columns[i] = mltrainer_output_numbers(host, output, names[i]);
        if (!columns[i])
            return mltrainer_fail(error, MLTRAINER_OUT_OF_MEMORY, "", "no memory for the output");
    }
    return value_rows(host, &book, count, columns, error);
}

static int32_t compute_price(const struct mltrainer_host *host, const struct mltrainer_request *request,
                             struct mltrainer_output *output, struct mltrainer_error *error)
{
    return compute(host, request, 1, output, error);
}

static int32_t compute_greeks(const struct mltrainer_host *host, const struct mltrainer_request *request,
                              struct mltrainer_output *output, struct mltrainer_error *error)
{
    return compute(host, request, COLUMNS, output, error);
}

static const struct mltrainer_computable price_computable = {.size = sizeof(price_computable),
                                                             .compute = compute_price};
static const struct mltrainer_computable greeks_computable = {.size = sizeof(greeks_computable),
                                                              .compute = compute_greeks};

static const struct mltrainer_algorithm price = {
    .size = sizeof(price),
    .flags = MLTRAINER_DETERMINISTIC,
    .id = "black_scholes",
    .description = "Price of European options.",
    .computable = &price_computable,
};
static const struct mltrainer_algorithm greeks = {
    .size = sizeof(greeks),
    .flags = MLTRAINER_DETERMINISTIC,
    .id = "black_scholes_greeks",
    .description = "Price and sensitivities of European options.",
    .computable = &greeks_computable,
};

CONTRACTS(TABULAR_ALGORITHM)

static const struct mltrainer_algorithm *const algorithms[] = {&price, &greeks, CONTRACTS(TABULAR_ENTRY)};

FAMILY("options", algorithms, .description = "Pricing of options.", .licence = "Apache-2.0",
       .engine = "closed forms with erfc of the C library, lattice, quadrature");

/* SPDX-License-Identifier: Apache-2.0 */
/* What families share, against definitions and values of SciPy 1.17.1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/artifact.h"
#include "support/distribution.h"
#include "support/exponential.h"
#include "support/minimize.h"
#include "support/order.h"
#include "support/random.h"
#include "support/rolling.h"

#define ROWS 300
#define WINDOW_ROWS 1300

static void assert_near(double got, double expected, double tolerance)
{
    if (!(fabs(got - expected) <= tolerance * fabs(expected)))
        fail_msg("%.17g instead of %.17g", got, expected);
}

/* Made by scipy.stats: norm.ppf, norm.cdf, chi2.sf, f.sf, 2 * t.sf; scipy.special: gammainc, betainc. */
static void distributions_have_the_reference_values(void **state)
{
    assert_near(distribution_normal_quantile(1e-300), -37.0470962993612, 1e-12);
    assert_near(distribution_normal_quantile(1e-12), -7.034483825301131, 1e-12);
    assert_near(distribution_normal_quantile(0.01), -2.3263478740408408, 1e-12);
    assert_near(distribution_normal_quantile(0.3), -0.5244005127080409, 1e-12);
    assert_near(distribution_normal_quantile(0.6), 0.2533471031357997, 1e-12);
    assert_near(distribution_normal_quantile(0.975), 1.959963984540054, 1e-12);
    assert_near(distribution_normal(-9.0), 1.1285884059538324e-19, 1e-12);
    assert_near(distribution_normal(-1.5), 0.06680720126885807, 1e-12);
    assert_near(distribution_normal(0.2), 0.579259709439103, 1e-12);
    assert_near(distribution_normal(3.0), 0.9986501019683699, 1e-12);
    assert_near(distribution_gamma(0.5, 0.3), 0.5614219739190003, 1e-12);
    assert_near(distribution_gamma(2.0, 7.5), 0.9952987828537434, 1e-12);
    assert_near(distribution_gamma(30.0, 25.0), 0.1821039159774551, 1e-12);
    assert_near(distribution_gamma(300.0, 320.0), 0.8747500908620132, 1e-12);
    assert_near(distribution_beta(0.5, 0.5, 0.2), 0.2951672353008665, 1e-11);
    assert_near(distribution_beta(2.0, 9.0, 0.4), 0.9536425984, 1e-11);
    assert_near(distribution_beta(40.0, 30.0, 0.55), 0.35525199144143205, 1e-11);
    assert_near(distribution_chi_squared_tail(3.0, 2.0), 0.22313016014842982, 1e-11);
    assert_near(distribution_chi_squared_tail(0.5, 7.0), 0.9994464813904249, 1e-11);
    assert_near(distribution_chi_squared_tail(90.0, 20.0), 7.412919565393044e-11, 1e-11);
    assert_near(distribution_f_tail(1.7, 3.0, 40.0), 0.18242588637439722, 1e-11);
    assert_near(distribution_f_tail(9.5, 2.0, 12.0), 0.003364475059568795, 1e-11);
    assert_near(distribution_f_tail(40.0, 4.0, 200.0), 1.3496783709860817e-24, 1e-11);
    assert_near(distribution_t_two_sides(0.4, 5.0), 0.7056731148331147, 1e-11);
    assert_near(distribution_t_two_sides(2.2, 30.0), 0.035648439996835785, 1e-11);
    assert_near(distribution_t_two_sides(-8.0, 60.0), 4.900265147950212e-11, 1e-11);
}

static void quantiles_undo_distributions(void **state)
{
    for (double share = 1e-9; share < 0.5; share *= 1.7) {
        assert_near(distribution_normal(distribution_normal_quantile(share)), share, 1e-12);
        assert_near(distribution_normal_quantile(1 - share), -distribution_normal_quantile(share), 1e-6);
    }
    assert_true(isinf(distribution_normal_quantile(0)) && isinf(distribution_normal_quantile(1)));
    assert_true(isnan(distribution_normal_quantile(1.5)));
}

/* Against the definitions, at every row, behind leading NaNs; of lengths that end in each digit, are nearly a tile, and
 * longer than what tiles are for. */
static void windows_are_what_they_say(void **state)
{
    static const int64_t windows[] = {2, 3, 4, 5, 7, 13, 20, 64, 97, 1000, 1025};
    static double x[WINDOW_ROWS], y[WINDOW_ROWS], mean[WINDOW_ROWS], deviation[WINDOW_ROWS], sum[WINDOW_ROWS],
        most[WINDOW_ROWS], both[WINDOW_ROWS], scratch[4 * WINDOW_ROWS];
    int64_t first = 9;

    for (int64_t i = 0; i < WINDOW_ROWS; i++) {
        x[i] = i < first ? NAN : 1e4 + 3 * sin((double)(i * i));
        y[i] = i < first ? NAN : 0.5 * x[i] + cos((double)i);
    }
    for (size_t w = 0; w < sizeof(windows) / sizeof(windows[0]); w++) {
        int64_t window = windows[w];
        rolling_deviation(x, WINDOW_ROWS, window, 1, mean, deviation);
        rolling_sum(x, WINDOW_ROWS, window, sum);
        rolling_extreme(x, WINDOW_ROWS, window, 1, most);
        rolling_correlation(x, y, WINDOW_ROWS, window, scratch, both);
        for (int64_t row = 0; row < WINDOW_ROWS; row++) {
            double total = 0, squares = 0, greatest = -INFINITY, other = 0, cross = 0, others = 0;
            if (row - window + 1 < first) {
                assert_true(isnan(mean[row]) && isnan(sum[row]) && isnan(most[row]) && isnan(both[row]));
                continue;
            }
            for (int64_t i = row - window + 1; i <= row; i++) {
                total += x[i];
                other += y[i];
                greatest = fmax(greatest, x[i]);
            }
            for (int64_t i = row - window + 1; i <= row; i++) {
                double a = x[i] - total / (double)window, b = y[i] - other / (double)window;
                squares += a * a;
                others += b * b;
                cross += a * b;
            }
            assert_near(mean[row], total / (double)window, 1e-13);
            assert_near(sum[row], total, 1e-12);
            assert_near(deviation[row], sqrt(squares / (double)(window - 1)), 1e-9);
            assert_near(both[row], cross / sqrt(squares * others), 1e-8);
            assert_true(most[row] == greatest);
        }
    }
}

/* A level that binary numbers do not hold: means and smoothed values are it, and no distance is left. */
static void flat_windows_are_flat(void **state)
{
    static double x[200], mean[200], deviation[200], smooth[200];

    for (int64_t i = 0; i < 200; i++)
        x[i] = 0.1;
    for (int64_t window = 2; window < 30; window++) {
        rolling_deviation(x, 200, window, 0, mean, deviation);
        rolling_smooth(x, 200, 1 / (double)window, 1, smooth);
        for (int64_t row = window - 1; row < 200; row++)
            assert_true(mean[row] == 0.1 && deviation[row] == 0 && smooth[row] == 0.1);
    }
}

static void totals_and_smooth_rows_are_what_they_say(void **state)
{
    double x[103], total[103], smooth[103], sum = 0, level = 0;

    for (int64_t i = 0; i < 103; i++)
        total[i] = x[i] = i < 2 ? 0 : sin((double)(i * i));
    rolling_total(total, 103);
    x[0] = x[1] = NAN;
    rolling_smooth(x, 103, 0.3, 4, smooth);
    for (int64_t i = 0; i < 103; i++) {
        sum += i < 2 ? 0 : x[i];
        assert_near(total[i], sum, 1e-13);
        level = i <= 2 ? x[i] : level + 0.3 * (x[i] - level);
        assert_true(i < 5 ? isnan(smooth[i]) : fabs(smooth[i] - level) < 1e-14);
    }
}

static void orders_are_stable_and_ranks_shared(void **state)
{
    static const double values[] = {3, 1, 2, 1, 3, 3, 0};
    static const uint32_t expected[] = {6, 1, 3, 2, 0, 4, 5};
    static const double expected_ranks[] = {6, 2.5, 4, 2.5, 6, 6, 1};
    uint32_t indexes[7], scratch[7];
    double ranks[7], sorted[7];

    order_indexes(values, 7, indexes, scratch);
    assert_memory_equal(indexes, expected, sizeof(expected));
    order_ranks(values, indexes, 7, ranks);
    assert_memory_equal(ranks, expected_ranks, sizeof(ranks));
    memcpy(sorted, values, sizeof(values));
    order_sort(sorted, 7);
    assert_true(order_quantile(sorted, 7, 0.25) == 1 && order_quantile(sorted, 7, 1) == 3);
    assert_near(order_quantile(sorted, 7, 0.55), 2.3, 1e-12);
    assert_true(isnan(order_quantile(sorted, 0, 0.5)));
}

/* Of all kinds of finite numbers, as few as are compared and as many as are dealt out. */
static void many_numbers_are_sorted(void **state)
{
    static double values[4000];
    static uint64_t chance = 1;

    for (size_t count = 500; count <= 4000; count += 500) {
        double before = 0, after = 0; /* sums that do not depend on the order but by rounding */
        for (size_t i = 0; i < count; i++) {
            chance = chance * 6364136223846793005u + 1442695040888963407u;
            memcpy(&values[i], &chance, sizeof(values[i]));
            if (!isfinite(values[i]) || i % 5 == 0)
                values[i] = (double)(chance >> 60) - 8;
        }
        values[7] = -0.0;
        values[9] = 0;
        values[11] = 5e-324;
        for (size_t i = 0; i < count; i++)
            before += remainder(values[i], 4);
        order_sort(values, count);
        for (size_t i = 0; i < count; i++) {
            after += remainder(values[i], 4);
            assert_true(i == 0 || values[i - 1] <= values[i]);
        }
        assert_true(fabs(after - before) < 1e-9);
    }
}

static double units_away(double got, long double right)
{
    double size = fabs((double)right);

    return (double)(fabsl((long double)got - right) / (long double)(nextafter(size, INFINITY) - size));
}

/* Of any number that is a result, and whatever the others in the array are. */
static void exponentials_and_logarithms_are_right_to_a_unit(void **state)
{
    static double values[1003], results[1003];
    static uint64_t chance = 1;

    for (int scale = 0; scale < 12; scale++) {
        for (int i = 0; i < 1003; i++) {
            chance = chance * 6364136223846793005u + 1442695040888963407u;
            values[i] = ((double)(chance >> 11) / 0x1p53 - 0.5) * ldexp(1400, -scale * 2);
        }
        exponential(values, 1003, results);
        for (int i = 0; i < 1003; i++)
            assert_true(units_away(results[i], expl((long double)values[i])) <= 1);
        exponential(values + 17, 1, values + 17);
        assert_true(values[17] == results[17]);
        logarithm(results, 17, values);
        for (int i = 0; i < 17; i++)
            assert_true(units_away(values[i], logl((long double)results[i])) <= 1);
    }
}

static void exponentials_have_ends(void **state)
{
    double values[] = {-INFINITY, -1e300, -746, -745.1, -0.0, 0, 709.7, 709.8, 1e300, INFINITY, NAN};
    const double expected[] = {0, 0, 0, 5e-324, 1, 1, 1.6549840276802644e308, INFINITY, INFINITY, INFINITY};
    double one = 1, least = 0x1p-1022, most = INFINITY;

    exponential(values, 11, values);
    for (int i = 0; i < 10; i++)
        assert_true(values[i] == expected[i]);
    assert_true(isnan(values[10]));
    logarithm(&one, 1, &one);
    logarithm(&least, 1, &least);
    logarithm(&most, 1, &most);
    assert_true(one == 0 && least == log(0x1p-1022) && most == 1024 * log(2));
}

/* ---- With a host ---- */

static void *blocks[64];
static size_t block_count;

static void *host_alloc(const struct mltrainer_host *host, size_t bytes)
{
    assert_true(block_count < 64);
    return blocks[block_count++] = calloc(1, bytes + 1);
}

static void host_random(const struct mltrainer_host *host, uint64_t stream, uint64_t first, uint64_t *out, size_t count)
{
    for (; count > 0; count--, first++) {
        uint64_t x = (first + 1) * 0x9E3779B97F4A7C15u + stream * 0xD1B54A32D192ED03u;
        x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
        x = (x ^ x >> 27) * 0x94D049BB133111EBu;
        *out++ = x ^ x >> 31;
    }
}

static const struct mltrainer_host host = {.size = sizeof(host), .alloc = host_alloc, .random = host_random};

static void random_numbers_are_spread_as_asked(void **state)
{
    size_t counts[7] = {0};
    double sum = 0, squares = 0;
    struct random random;
    uint32_t indexes[50], seen = 0;

    random_start(&random, &host, 3);
    for (int i = 0; i < 70000; i++) {
        counts[random_below(&random, 7)]++;
        double x = random_normal(&random), u = random_uniform(&random);
        assert_true(u >= 0 && u < 1);
        sum += x;
        squares += x * x;
    }
    for (int i = 0; i < 7; i++)
        assert_in_range(counts[i], 9600, 10400); /* 10,000 with a deviation of 93 */
    assert_true(fabs(sum / 70000) < 0.016 && fabs(squares / 70000 - 1) < 0.022); /* four deviations */
    for (uint32_t i = 0; i < 50; i++)
        indexes[i] = i;
    random_shuffle(&random, indexes, 50);
    for (int i = 0; i < 50; i++)
        seen += indexes[i];
    assert_int_equal(seen, 49 * 50 / 2);
}

static void artifacts_give_back_what_was_put(void **state)
{
    const double values[] = {1.5, -2, 1e300};
    struct mltrainer_error error = {.size = sizeof(error)};
    struct artifact_writer writer;
    struct artifact_reader reader;
    const void *bytes;
    size_t size;
    double got[3];

    artifact_start(&writer, &host, "mlttest\n", 2);
    artifact_put_u64(&writer, 3);
    artifact_put_doubles(&writer, values, 3);
    artifact_put_text(&writer, "close");
    for (int i = 0; i < 500; i++)
        artifact_put_double(&writer, i);
    assert_int_equal(artifact_finish(&writer, &bytes, &size, &error), MLTRAINER_OK);

    assert_int_equal(artifact_open(&reader, bytes, size, "mlttest\n", 2, &error), MLTRAINER_OK);
    assert_int_equal(reader.version, 2);
    assert_int_equal(artifact_take_count(&reader, sizeof(double)), 3);
    artifact_take_doubles(&reader, got, 3);
    assert_memory_equal(got, values, sizeof(values));
    char *text = artifact_take_text(&reader);
    assert_string_equal(text, "close");
    free(text);
    assert_false(artifact_complete(&reader));
    for (int i = 0; i < 500; i++)
        assert_true(artifact_take_double(&reader) == i);
    assert_true(artifact_complete(&reader));
    assert_true(artifact_take_double(&reader) == 0 && !artifact_complete(&reader));

    assert_int_equal(artifact_open(&reader, bytes, size, "mltelse\n", 2, &error), MLTRAINER_CORRUPT);
    assert_int_equal(artifact_open(&reader, bytes, size, "mlttest\n", 1, &error), MLTRAINER_CORRUPT);
    ((char *)bytes)[40] ^= 1;
    assert_int_equal(artifact_open(&reader, bytes, size, "mlttest\n", 2, &error), MLTRAINER_CORRUPT);
}

static void counts_that_cannot_be_are_refused(void **state)
{
    struct mltrainer_error error = {.size = sizeof(error)};
    struct artifact_writer writer;
    struct artifact_reader reader;
    const void *bytes;
    size_t size;

    artifact_start(&writer, &host, "mlttest\n", 1);
    artifact_put_u64(&writer, UINT64_MAX / 8);
    artifact_put_double(&writer, NAN);
    assert_int_equal(artifact_finish(&writer, &bytes, &size, &error), MLTRAINER_OK);
    assert_int_equal(artifact_open(&reader, bytes, size, "mlttest\n", 1, &error), MLTRAINER_OK);
    assert_int_equal(artifact_take_count(&reader, 8), 0);
    assert_true(reader.failed);
    reader.failed = 0;
    assert_true(artifact_take_double(&reader) == 0 && reader.failed); /* not a finite number */
}

static int free_blocks(void **state)
{
    while (block_count > 0)
        free(blocks[--block_count]);
    return 0;
}

/* Rosenbrock's (1960) function, with least value 0 at (1, 1). */
static double valley(void *arg, const double *x)
{
    ++*(int *)arg;
    return (1 - x[0]) * (1 - x[0]) + 100 * (x[1] - x[0] * x[0]) * (x[1] - x[0] * x[0]);
}

static double only_above_one(void *arg, const double *x)
{
    return x[0] > 1 ? x[0] - log(x[0] - 1) : NAN;
}

static void minimum_is_found_along_a_valley_and_beside_a_wall(void **state)
{
    int asked = 0;
    double x[] = {-1.2, 1}, y = 40;
    struct minimize_function function = {valley, &asked}, walled = {only_above_one, NULL};

    assert_true(minimize_bfgs(&function, x, 2, 200) < 1e-14);
    assert_true(fabs(x[0] - 1) < 1e-6 && fabs(x[1] - 1) < 1e-6);
    assert_true(asked > 0 && asked < 2000);
    minimize_bfgs(&walled, &y, 1, 200);
    assert_true(fabs(y - 2) < 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distributions_have_the_reference_values),
        cmocka_unit_test(quantiles_undo_distributions),
        cmocka_unit_test(windows_are_what_they_say),
        cmocka_unit_test(flat_windows_are_flat),
        cmocka_unit_test(totals_and_smooth_rows_are_what_they_say),
        cmocka_unit_test(orders_are_stable_and_ranks_shared),
        cmocka_unit_test(many_numbers_are_sorted),
        cmocka_unit_test(exponentials_and_logarithms_are_right_to_a_unit),
        cmocka_unit_test(exponentials_have_ends),
        cmocka_unit_test(minimum_is_found_along_a_valley_and_beside_a_wall),
        cmocka_unit_test(random_numbers_are_spread_as_asked),
        cmocka_unit_test_teardown(artifacts_give_back_what_was_put, free_blocks),
        cmocka_unit_test_teardown(counts_that_cannot_be_are_refused, free_blocks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

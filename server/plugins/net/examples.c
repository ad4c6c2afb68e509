/* SPDX-License-Identifier: Apache-2.0 */
#include "net/examples.h"

#include <math.h>
#include <string.h>

void examples_take(const struct examples *examples, const uint32_t *order, size_t first, size_t samples, double *input)
{
    size_t width = examples->features, steps = examples->steps;

    for (size_t s = 0; s < samples; s++) {
        size_t row = order ? order[first + s] : first + s;
        for (size_t k = 0; k < steps; k++) {
            size_t back = steps - 1 - k, from = row >= back ? row - back : 0;
            memcpy(input + (s * steps + k) * width, examples->values + from * width, width * sizeof(double));
        }
    }
}

void examples_scale(double *values, size_t rows, size_t width, const double *centre, const double *scale)
{
    for (size_t row = 0; row < rows; row++)
        for (size_t i = 0; i < width; i++)
            values[row * width + i] = (values[row * width + i] - centre[i]) / scale[i];
}

void examples_moments(const double *values, size_t rows, size_t width, double *centre, double *scale)
{
    for (size_t i = 0; i < width; i++)
        centre[i] = scale[i] = 0;
    for (size_t row = 0; row < rows; row++)
        for (size_t i = 0; i < width; i++)
            centre[i] += values[row * width + i] / (double)rows;
    for (size_t row = 0; row < rows; row++)
        for (size_t i = 0; i < width; i++) {
            double miss = values[row * width + i] - centre[i];
            scale[i] += miss * miss / (double)rows;
        }
    for (size_t i = 0; i < width; i++)
        scale[i] = sqrt(scale[i]) > 1e-12 * fabs(centre[i]) ? sqrt(scale[i]) : 1;
}

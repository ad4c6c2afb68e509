/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "net/net.h"

/* A picture as wide as there are rows and as high: each column of the sample is a line from its least value, at the
 * bottom, to its largest, at the top; a pixel is 1 - the distance of its centre from the nearest line, at least 0. */

static void draw(const struct net_node *node, const double *sample, size_t steps, size_t features, double *picture)
{
    size_t patch = node->option, across = steps / patch;

    for (size_t f = 0; f < features; f++) {
        double least = INFINITY, most = -INFINITY;
        for (size_t step = 0; step < steps; step++) {
            least = fmin(least, sample[step * features + f]);
            most = fmax(most, sample[step * features + f]);
        }
        for (size_t x = 0; x < across * patch; x++) {
            double share = most > least ? (sample[x * features + f] - least) / (most - least) : 0.5;
            double height = share * (double)(across * patch - 1);
            size_t low = (size_t)height;
            for (size_t y = low; y <= low + 1 && y < across * patch; y++) {
                double *pixel =
                    &picture[(y / patch * across + x / patch) * patch * patch + y % patch * patch + x % patch];
                *pixel = fmax(*pixel, 1 - fabs(height - (double)y));
            }
        }
    }
}

static void chart_forward(struct net *net, const struct net_node *node)
{
    const struct net_node *from = net_node(net, node->from[0]);
    size_t pixels = node->rows * node->width, numbers = from->rows * from->width;

    memset(node->value, 0, net->samples * pixels * sizeof(double));
    for (size_t s = 0; s < net->samples; s++)
        draw(node, from->value + s * numbers, from->rows, from->width, node->value + s * pixels);
}

/* It draws what comes from outside: nothing is learned before it. */
static void chart_backward(struct net *net, const struct net_node *node)
{
}

static const struct net_layer chart_layer = {.forward = chart_forward, .backward = chart_backward};

size_t net_chart(struct net *net, size_t patch)
{
    size_t across = patch ? net_node(net, 0)->rows / patch : 0; /* none at all is refused */
    size_t node = net_append(net, &chart_layer, 0, across * across, patch * patch);

    net_node(net, node)->option = patch;
    return node;
}

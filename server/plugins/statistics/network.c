/* SPDX-License-Identifier: Apache-2.0 */
/* Columns whose absolute correlation reaches the threshold are linked; the figures of that graph, a row a column.
 * Source: Brandes (2001), "A faster algorithm for betweenness centrality". */
#include "tests.h"

#define NODES_MAX 2000

struct graph {
    size_t nodes;
    char *linked;         /* nodes x nodes */
    double *degree, *strength; /* sum of absolute correlations */
    uint32_t *order;      /* of a search, nearest first */
    double *paths, *dependency;
    int32_t *distance;
};

static double correlation(const double *x, const double *y, int64_t rows)
{
    double mean_x = 0, mean_y = 0, xx = 0, xy = 0, yy = 0;

    for (int64_t i = 0; i < rows; i++) {
        mean_x += x[i] / (double)rows;
        mean_y += y[i] / (double)rows;
    }
    for (int64_t i = 0; i < rows; i++) {
        xx += (x[i] - mean_x) * (x[i] - mean_x);
        xy += (x[i] - mean_x) * (y[i] - mean_y);
        yy += (y[i] - mean_y) * (y[i] - mean_y);
    }
    return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : 0;
}

static struct graph graph_of(struct call *call, double threshold)
{
    size_t n = call->feature_count;
    struct graph g = {.nodes = n,
                      .linked = call_memory(call, n * n, 1),
                      .degree = call_numbers(call, (int64_t)n),
                      .strength = call_numbers(call, (int64_t)n),
                      .order = call_memory(call, n, sizeof(uint32_t)),
                      .paths = call_numbers(call, (int64_t)n),
                      .dependency = call_numbers(call, (int64_t)n),
                      .distance = call_memory(call, n, sizeof(int32_t))};

    for (size_t i = 0; !call->status && i < n; i++)
        for (size_t j = 0; j < i && !call_step(call, (double)(i * i + j), (double)(n * n)); j++) {
            double size = fabs(correlation(call->features[i], call->features[j], call->rows));
            int linked = size >= threshold;
            g.linked[i * n + j] = g.linked[j * n + i] = (char)linked;
            g.degree[i] += linked;
            g.degree[j] += linked;
            g.strength[i] += size;
            g.strength[j] += size;
        }
    return g;
}

/* Count shortest paths from @source, nearest nodes first; gives how many were reached. */
static size_t search(struct graph *g, size_t source)
{
    size_t reached = 0, done = 0;

    for (size_t i = 0; i < g->nodes; i++) {
        g->distance[i] = -1;
        g->paths[i] = g->dependency[i] = 0;
    }
    g->distance[source] = 0;
    g->paths[source] = 1;
    g->order[reached++] = (uint32_t)source;
    while (done < reached) {
        size_t at = g->order[done++];
        for (size_t i = 0; i < g->nodes; i++) {
            if (!g->linked[at * g->nodes + i])
                continue;
            if (g->distance[i] < 0) {
                g->distance[i] = g->distance[at] + 1;
                g->order[reached++] = (uint32_t)i;
            }
            if (g->distance[i] == g->distance[at] + 1)
                g->paths[i] += g->paths[at];
        }
    }
    return reached;
}

static void add_betweenness(struct graph *g, size_t source, double *betweenness)
{
    for (size_t left = search(g, source); left-- > 1;) {
        size_t at = g->order[left];
        for (size_t i = 0; i < g->nodes; i++)
            if (g->linked[at * g->nodes + i] && g->distance[i] == g->distance[at] - 1)
                g->dependency[i] += g->paths[i] / g->paths[at] * (1 + g->dependency[at]);
        betweenness[at] += g->dependency[at];
    }
}

/* Share of the pairs of neighbours that are linked. */
static double clustering(const struct graph *g, size_t at)
{
    double links = 0;

    for (size_t i = 0; i < g->nodes; i++)
        for (size_t j = 0; j < i && g->linked[at * g->nodes + i]; j++)
            links += g->linked[at * g->nodes + j] && g->linked[i * g->nodes + j];
    return g->degree[at] > 1 ? 2 * links / (g->degree[at] * (g->degree[at] - 1)) : 0;
}

static int32_t fill(struct call *call);

TABULAR(network, .features = 1, .label = "column",
        .outputs = {"centrality", "betweenness", "degree", "clustering", "strength"}, .own_rows = 1, .fill = fill);

static int32_t fill(struct call *call)
{
    static const char *const measures[] = {"betweenness", "degree", NULL};
    size_t measure = call_choice(call, "centrality_measure", measures), n = call->feature_count;
    double threshold = call_number_within(call, "threshold", 0, 1);

    if (!call->status && n > NODES_MAX)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%zu columns are more than %d", n, NODES_MAX);
    if (call->status || test_need_rows(call, 2) || tabular_start(call, &network_tabular, (int64_t)n) ||
        tabular_label(call, call->feature_names))
        return call->status;
    struct graph g = graph_of(call, threshold);
    for (size_t i = 0; i < n && !call->status && !call_step(call, (double)i, (double)n); i++)
        add_betweenness(&g, i, call->out[1]);
    for (size_t i = 0; i < n && !call->status; i++) {
        call->out[1][i] = n > 2 ? call->out[1][i] / (double)((n - 1) * (n - 2)) : 0;
        call->out[2][i] = n > 1 ? g.degree[i] / (double)(n - 1) : 0;
        call->out[3][i] = clustering(&g, i);
        call->out[4][i] = n > 1 ? g.strength[i] / (double)(n - 1) : 0;
        call->out[0][i] = call->out[1 + measure][i];
    }
    return call->status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Ward's method by chains of nearest neighbours: the tree of joins in quadratic time, cut where @n_clusters are left.
 * Sources: Ward (1963); Murtagh (1983), "A survey of recent advances in hierarchical clustering algorithms". The
 * distance matrix is kept, so there is a limit on rows. Groups are numbered by their first row. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/distance.h"
#include "support/tabular.h"
#include "support/wide.h"

#define ROWS_MAX 8192
#define GONE UINT32_MAX
#define DISTANCE_MAX 1e300 /* times ROWS_MAX is a number, still */

struct join {
    uint32_t a, b; /* rows that stand for the two groups */
    double height;
    uint32_t made; /* as the how manieth */
};

/* Groups have places, in the order of the rows that stand for them. A place whose group was joined to another is gone;
 * once there are many of them the rest moves together. */
struct wards {
    struct call *call;
    size_t places, groups;
    double *matrix; /* of squared Ward distances, both halves: to look at all of a group's is one walk, once it is up to
                     * date */
    double *size;   /* of a group */
    double *gone;   /* 0, or INFINITY: added to a distance */
    uint32_t *row;  /* that stands for the group */
    uint32_t *chain;
    uint32_t *from, *to; /* places, when some move */
    uint32_t *joined;    /* where each join's group is; GONE */
    uint32_t join_count;
    uint32_t *latest; /* joins until the group's own last one */
    uint32_t *known;  /* joins that the group's distances know of */
    struct join *joins;
};

static double *line_of(const struct wards *w, size_t place)
{
    return w->matrix + place * w->places;
}

/* What joins since then have made of other groups' distances from this one stands in their lines: a line is not written
 * to from aside, a page apart for each number. */
static void bring_up_to_date(struct wards *w, size_t place)
{
    double *line = line_of(w, place);

    for (uint32_t join = w->known[place]; join < w->join_count; join++) {
        uint32_t other = w->joined[join];
        if (other != GONE && w->latest[other] == join + 1 && w->gone[other] == 0)
            line[other] = line_of(w, other)[place];
    }
    w->known[place] = w->join_count;
}

/* Lance and Williams' update: from the distances of @a and @b to those of both together, into @b's. */
WIDE static void update_line(const double *restrict a, double *restrict b, const double *restrict size, size_t count,
                             double a_size, double b_size, double distance)
{
    for (size_t i = 0; i < count; i++) {
        double total = a_size + b_size + size[i];
        b[i] = ((a_size + size[i]) * a[i] + (b_size + size[i]) * b[i] - size[i] * distance) / total;
    }
}

/* The group a and b made, at the place of @b. */
static void join_groups(struct wards *w, size_t a, size_t b, double distance)
{
    double *line = line_of(w, b);

    bring_up_to_date(w, a);
    bring_up_to_date(w, b);
    update_line(line_of(w, a), line, w->size, w->places, w->size[a], w->size[b], distance);
    line[b] = INFINITY;
    w->size[b] += w->size[a];
    w->size[a] = 0;
    w->gone[a] = INFINITY;
    w->groups--;
    w->joined[w->join_count++] = (uint32_t)b;
    w->known[b] = w->latest[b] = w->join_count;
}

typedef double lanes __attribute__((vector_size(32)));
typedef int64_t chosen __attribute__((vector_size(32)));
typedef double lanes_at __attribute__((vector_size(32), aligned(8), may_alias)); /* in memory */
#define LANES ((size_t)4)

WIDE static double least_of(const double *line, const double *gone, size_t count)
{
    lanes least = {INFINITY, INFINITY, INFINITY, INFINITY}, other = least;
    size_t i = 0;

    for (; i + 2 * LANES <= count; i += 2 * LANES) {
        lanes one = *(const lanes_at *)(line + i) + *(const lanes_at *)(gone + i);
        lanes two = *(const lanes_at *)(line + i + LANES) + *(const lanes_at *)(gone + i + LANES);
        chosen less = one < least, less_too = two < other;
        least = (lanes)(((chosen)one & less) | ((chosen)least & ~less));
        other = (lanes)(((chosen)two & less_too) | ((chosen)other & ~less_too));
    }
    double found = INFINITY;
    for (size_t j = 0; j < LANES; j++)
        found = fmin(found, fmin(least[j], other[j]));
    for (; i < count; i++)
        found = fmin(found, line[i] + gone[i]);
    return found;
}

/* The nearest of @from; of equally near ones @before, where the chain came from, else the first. */
static size_t nearest_of(const struct wards *w, size_t from, size_t before, double *distance)
{
    const double *line = line_of(w, from);
    size_t at = 0;

    *distance = least_of(line, w->gone, w->places);
    if (before < w->places && line[before] == *distance)
        return before;
    while (at < w->places && line[at] + w->gone[at] != *distance)
        at++;
    return at < w->places ? at : before;
}

/* Whoever moves goes to a place that is its own or before it. */
static void move_together(struct wards *w, size_t chain_length)
{
    size_t stride = w->places, to = 0;
    uint32_t *from = w->from;

    for (size_t i = 0; i < stride; i++) {
        w->to[i] = (uint32_t)to;
        from[to] = (uint32_t)i; /* written over where it is gone */
        to += w->gone[i] == 0;
    }
    for (size_t i = 0; i < to; i++) {
        double *line = w->matrix + i * to, *old = w->matrix + from[i] * stride;
        for (size_t j = 0; j < to; j++)
            line[j] = old[from[j]];
        w->size[i] = w->size[from[i]];
        w->row[i] = w->row[from[i]];
        w->known[i] = w->known[from[i]];
        w->latest[i] = w->latest[from[i]];
    }
    for (uint32_t i = 0; i < w->join_count; i++)
        if (w->joined[i] != GONE)
            w->joined[i] = w->gone[w->joined[i]] == 0 ? w->to[w->joined[i]] : GONE;
    memset(w->gone, 0, to * sizeof(*w->gone));
    for (size_t i = 0; i < chain_length; i++)
        w->chain[i] = w->to[w->chain[i]];
    w->places = to;
}

static void build(struct wards *w)
{
    size_t length = 0, rows = w->places;

    for (size_t made = 0; made + 1 < rows && !call_step(w->call, (double)(rows + 2 * made), 3 * (double)rows);) {
        if (length == 0) {
            size_t first = 0;
            while (w->gone[first] != 0)
                first++;
            w->chain[length++] = (uint32_t)first;
        }
        double distance;
        size_t end = w->chain[length - 1], before = length > 1 ? w->chain[length - 2] : SIZE_MAX;
        bring_up_to_date(w, end);
        size_t next = nearest_of(w, end, before, &distance);
        if (next != before) {
            w->chain[length++] = (uint32_t)next;
            continue;
        }
        length -= 2;
        w->joins[made] =
            (struct join){.a = w->row[end], .b = w->row[next], .height = distance, .made = (uint32_t)made};
        join_groups(w, end, next, distance);
        made++;
        if (w->groups < w->places / 2)
            move_together(w, length);
    }
}

static int by_height(const void *a, const void *b)
{
    const struct join *x = a, *y = b;

    if (x->height != y->height)
        return x->height < y->height ? -1 : 1;
    return (x->made > y->made) - (x->made < y->made);
}

static uint32_t root_of(uint32_t *parents, uint32_t row)
{
    while (parents[row] != row)
        row = parents[row] = parents[parents[row]];
    return row;
}

/* The lowest rows - clusters joins, and the groups that they make, numbered by their first rows. */
static void cut(struct wards *w, size_t clusters)
{
    size_t rows = (size_t)w->call->rows;
    uint32_t *parents = call_memory(w->call, rows, sizeof(*parents));
    double *numbers = call_numbers(w->call, (int64_t)rows), count = 0;

    if (w->call->status)
        return;
    for (size_t i = 0; i < rows; i++)
        parents[i] = (uint32_t)i;
    if (rows > 1)
        qsort(w->joins, rows - 1, sizeof(*w->joins), by_height);
    for (size_t i = 0; i < rows - clusters; i++)
        parents[root_of(parents, w->joins[i].a)] = root_of(parents, w->joins[i].b);
    for (size_t i = 0; i < rows; i++) {
        uint32_t root = root_of(parents, (uint32_t)i);
        if (numbers[root] == 0)
            numbers[root] = ++count;
        w->call->out[0][i] = numbers[root] - 1;
    }
}

#define STRIPE 32 /* rows that are mirrored together */

/* Each row is a group; all distances. */
static void measure(struct wards *w)
{
    const struct call *call = w->call;
    size_t rows = w->places;
    double *point = call_numbers(w->call, (int64_t)call->feature_count);
    int are_far = 0;

    for (size_t first = 0; first < rows && !call_step(w->call, (double)first, 3 * (double)rows); first += STRIPE) {
        size_t end = first + STRIPE < rows ? first + STRIPE : rows;
        for (size_t row = first; row < end; row++) {
            for (size_t i = 0; i < call->feature_count; i++)
                point[i] = call->features[i][row];
            distance_columns(call->features, call->feature_count, row, point, line_of(w, row));
            for (size_t i = 0; i < row; i++)
                are_far |= !(line_of(w, row)[i] <= DISTANCE_MAX);
            line_of(w, row)[row] = INFINITY;
            w->size[row] = 1;
            w->row[row] = (uint32_t)row;
        }
        for (size_t other = 0; other < end; other++)
            for (size_t row = other >= first ? other + 1 : first; row < end; row++)
                line_of(w, other)[row] = line_of(w, row)[other];
    }
    if (are_far)
        call_fail(w->call, MLTRAINER_INVALID_DATA, "", "rows are too far apart for their distance to be a number");
}

static int32_t fill(struct call *call)
{
    size_t clusters = (size_t)call_integer(call, "n_clusters", 1, ROWS_MAX);
    struct wards w = {.call = call, .places = (size_t)call->rows, .groups = (size_t)call->rows};

    if (call->rows > ROWS_MAX)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows are more than %d, for which distances are kept",
                  (long long)call->rows, ROWS_MAX);
    if (call->rows < (int64_t)clusters)
        call_fail(call, MLTRAINER_INVALID_DATA, "", "%lld rows are fewer than n_clusters, %zu", (long long)call->rows,
                  clusters);
    w.matrix = call_numbers(call, call->rows * call->rows);
    w.size = call_numbers(call, call->rows);
    w.gone = call_numbers(call, call->rows);
    w.row = call_memory(call, w.places, sizeof(*w.row));
    w.chain = call_memory(call, w.places, sizeof(*w.chain));
    w.from = call_memory(call, w.places + 1, sizeof(*w.from));
    w.to = call_memory(call, w.places, sizeof(*w.to));
    w.joined = call_memory(call, w.places, sizeof(*w.joined));
    w.latest = call_memory(call, w.places, sizeof(*w.latest));
    w.known = call_memory(call, w.places, sizeof(*w.known));
    w.joins = call_memory(call, w.places, sizeof(*w.joins));
    measure(&w);
    if (!call->status)
        build(&w);
    if (!call->status)
        cut(&w, clusters);
    return call->status;
}

TABULAR(agglomerative, .features = 1, .outputs = {"cluster"}, .fill = fill);

/* SPDX-License-Identifier: Apache-2.0 */
/* DBSCAN: a row with enough neighbours is a core; cores that are neighbours are one group, with all their neighbours.
 * Source: Ester, Kriegel, Sander and Xu (1996). Groups are numbered by their first core, as scikit-learn does; a row
 * that two groups reach belongs to the first.
 *
 * Neighbours are not looked for row by row: all rows are held against all others three times, a block against a block
 * where their boxes are near enough, and a sieve leaves few pairs to measure. First every row's neighbours are counted,
 * then cores that are neighbours are joined (Galler and Fischer 1964, "An improved equivalence algorithm"), then
 * the other rows are given to what they reach. */
#include "distance.h"
#include "places.h"
#include "sieve/sieve.h"
#include "support/tabular.h"

enum step { COUNT, JOIN, REACH };

struct scan {
    struct call *call;
    struct places places;
    struct sieve *sieve;
    double eps;
    uint32_t *neighbours; /* of the row at a place, itself among them */
    uint32_t *parents;    /* towards the first row of its group; a row, by row */
    uint32_t least;       /* neighbours of a core */
    uint32_t batch[SIEVE_POINTS];           /* places */
    double *points, *box_least, *box_most; /* of a batch */
};

static int is_core(const struct scan *s, size_t place)
{
    return s->neighbours[place] >= s->least;
}

static uint32_t first_of(uint32_t *parents, uint32_t row)
{
    for (; parents[row] != row; row = parents[row])
        parents[row] = parents[parents[row]];
    return row;
}

static void join(struct scan *s, uint32_t row, uint32_t other)
{
    uint32_t one = first_of(s->parents, row), two = first_of(s->parents, other);

    if (one < two)
        s->parents[two] = one;
    else
        s->parents[one] = two;
}

/* The rows at @place and @other are neighbours. */
static void meet(struct scan *s, enum step step, size_t place, size_t other)
{
    uint32_t row = s->places.rows[place], core = s->places.rows[other];

    if (step == COUNT)
        s->neighbours[place]++;
    else if (!is_core(s, other))
        return;
    else if (step == JOIN)
        join(s, row, core);
    else if (first_of(s->parents, core) < s->parents[row])
        s->parents[row] = first_of(s->parents, core);
}

static void hold_against(struct scan *s, enum step step, size_t count)
{
    size_t features = s->places.features;
    double limit = s->eps * s->eps;

    for (size_t i = 0; i < count; i++) {
        const double *point = s->points + i * features;
        for (size_t at = sieve_first(s->sieve); sieve_next(s->sieve, i, limit, &at); at++)
            if (distance_within(s->places.points + at * features, point, features, limit))
                meet(s, step, s->batch[i], at);
    }
}

/* The next rows that the step is about, from @place on: cores, or what is none. Gives how many. */
static size_t take_batch(struct scan *s, enum step step, size_t *place)
{
    size_t count = 0, features = s->places.features;

    for (; *place < s->places.count && count < SIEVE_POINTS; ++*place) {
        if (step != COUNT && is_core(s, *place) != (step == JOIN))
            continue;
        memcpy(s->points + count * features, s->places.points + *place * features, features * sizeof(double));
        s->batch[count++] = (uint32_t)*place;
    }
    return count;
}

/* Of two cores the later one finds the former. */
static int is_wanted(const struct scan *s, enum step step, size_t count, size_t block)
{
    if (step == JOIN && block * SIEVE_ROWS > s->batch[count - 1])
        return 0;
    return places_gap(&s->places, s->box_least, s->box_most, block) <= s->eps * s->eps * (1 + 1e-9);
}

static void run(struct scan *s, enum step step)
{
    size_t place = 0, count;

    call_part(s->call, step / 3.0, (step + 1) / 3.0);
    while (!s->call->status && (count = take_batch(s, step, &place)) > 0) {
        sieve_points(s->sieve, s->points, count);
        places_box(s->points, count, s->places.features, s->box_least, s->box_most);
        for (size_t block = 0; block < sieve_blocks(s->sieve); block++) {
            if (!is_wanted(s, step, count, block))
                continue;
            if (call_step(s->call, (double)place, (double)s->places.count))
                return;
            sieve_block(s->sieve, block);
            hold_against(s, step, count);
        }
    }
}

/* A core's first row is a core and the least of its group; what reaches none has UINT32_MAX. */
static void number_groups(const struct scan *s)
{
    double *labels = s->call->out[0], *core = s->call->out[1], label = 0;

    for (size_t place = 0; place < s->places.count; place++)
        core[s->places.rows[place]] = is_core(s, place);
    for (int64_t row = 0; row < s->call->rows; row++)
        if (core[row] != 0 && first_of(s->parents, (uint32_t)row) == row)
            labels[row] = label++;
    for (int64_t row = 0; row < s->call->rows; row++)
        if (s->parents[row] == UINT32_MAX)
            labels[row] = -1;
        else
            labels[row] = labels[first_of(s->parents, (uint32_t)row)];
}

static int32_t fill(struct call *call)
{
    struct scan scan = {.call = call, .eps = call_number_within(call, "eps", 1e-300, 1e300)};

    scan.least = (uint32_t)call_integer(call, "min_samples", 1, INT32_MAX);
    scan.neighbours = call_memory(call, (size_t)call->rows, sizeof(*scan.neighbours));
    scan.parents = call_memory(call, (size_t)call->rows, sizeof(*scan.parents));
    scan.points = call_memory(call, SIEVE_POINTS * call->feature_count, sizeof(*scan.points));
    scan.box_least = call_memory(call, call->feature_count, sizeof(*scan.box_least));
    scan.box_most = call_memory(call, call->feature_count, sizeof(*scan.box_most));
    if (places_arrange(call, SIEVE_ROWS, &scan.places))
        return call->status;
    scan.sieve = sieve_new(call, scan.places.points, scan.places.count, scan.places.features);
    run(&scan, COUNT);
    for (size_t place = 0; !call->status && place < scan.places.count; place++) {
        uint32_t row = scan.places.rows[place];
        scan.parents[row] = is_core(&scan, place) ? row : UINT32_MAX;
    }
    run(&scan, JOIN);
    run(&scan, REACH);
    if (!call->status)
        number_groups(&scan);
    return call->status;
}

TABULAR(dbscan, .features = 1, .outputs = {"cluster", "core"}, .fill = fill);

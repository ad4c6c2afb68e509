/* SPDX-License-Identifier: Apache-2.0 */
#include "support/tree/exact.h"

/* What a cut gains: the squares between the two sides' means, (sum_l - share w_l)^2 W / (w_l w_r). */
static double gain_of(const struct exact_node *node, double sum, double weight)
{
    double apart = sum - node->sum * (weight / node->weight);

    return apart * apart * node->weight / (weight * (node->weight - weight));
}

static void walk(const struct exact *exact, const struct exact_node *node, uint32_t feature, size_t least,
                 struct exact_cut *best)
{
    const struct exact_entry *piece = exact->pieces[feature] + node->from;
    double sum = 0, weight = 0, gain = best->gain;
    size_t left = 0;

    for (size_t i = 0; i + least < node->count; i++) {
        const struct exact_example *example = &exact->examples[piece[i].row];
        sum += example->weighted;
        weight += example->weight;
        if (piece[i].rank == piece[i + 1].rank || i + 1 < least)
            continue;
        double found = gain_of(node, sum, weight);
        if (found > gain) {
            gain = found;
            left = i + 1;
        }
    }
    if (left == 0)
        return;
    const double *values = exact->call->features[feature];
    double below = values[piece[left - 1].row], above = values[piece[left].row], middle = below / 2 + above / 2;
    *best = (struct exact_cut){
        .feature = feature, .value = middle < above && middle >= below ? middle : below, .gain = gain, .left = left};
}

/* One cut somewhere between the bounds; both sides have rows. */
static void draw(const struct exact *exact, const struct exact_node *node, uint32_t feature, size_t least,
                 struct random *random, struct exact_cut *best)
{
    const struct exact_entry *piece = exact->pieces[feature] + node->from;
    const double *values = exact->call->features[feature];
    double low = values[piece[0].row], high = values[piece[node->count - 1].row], sum = 0, weight = 0;
    double value = low + random_uniform(random) * (high - low);
    size_t left = 0;

    if (!(value < high))
        value = low;
    for (; left < node->count && values[piece[left].row] <= value; left++) {
        sum += exact->examples[piece[left].row].weighted;
        weight += exact->examples[piece[left].row].weight;
    }
    if (left < least || node->count - left < least)
        return;
    double gain = gain_of(node, sum, weight);
    if (gain > best->gain)
        *best = (struct exact_cut){.feature = feature, .value = value, .gain = gain, .left = left};
}

struct exact_cut exact_best_cut(struct exact *exact, const struct exact_node *node, const struct exact_options *options)
{
    size_t features = exact->call->feature_count, least = options->leaf_rows_min > 1 ? options->leaf_rows_min : 1;
    size_t tried = 0, wanted = options->features_tried ? options->features_tried : features;
    struct exact_cut best = {0};

    for (size_t i = 0; i < features && tried < wanted; i++) {
        if (wanted < features) {
            size_t other = i + random_below(options->random, features - i);
            uint32_t kept = exact->order[i];
            exact->order[i] = exact->order[other];
            exact->order[other] = kept;
        }
        uint32_t feature = wanted < features ? exact->order[i] : (uint32_t)i;
        const struct exact_entry *piece = exact->pieces[feature] + node->from;
        if (piece[0].rank == piece[node->count - 1].rank)
            continue;
        tried++;
        exact->work += node->count;
        if (options->at_random)
            draw(exact, node, feature, least, options->random, &best);
        else
            walk(exact, node, feature, least, &best);
    }
    return best;
}

/* Left ones to the front, the order kept on both sides. */
static void divide(struct exact_entry *piece, size_t count, const uint8_t *side, struct exact_entry *scratch)
{
    size_t left = 0, right = 0;

    for (size_t i = 0; i < count; i++) { /* both are written, one counts: no branch to be guessed */
        struct exact_entry entry = piece[i];
        size_t is_left = side[entry.row];
        piece[left] = entry;
        scratch[right] = entry;
        left += is_left;
        right += 1 - is_left;
    }
    memcpy(piece + left, scratch, right * sizeof(*piece));
}

void exact_divide(struct exact *exact, const struct exact_node *node, const struct exact_cut *cut, size_t lists)
{
    const struct exact_entry *piece = exact->pieces[cut->feature] + node->from;

    for (size_t i = 0; i < node->count; i++)
        exact->side[piece[i].row] = i < cut->left;
    for (size_t f = 0; f < lists; f++)
        if (f != cut->feature)
            divide(exact->pieces[f] + node->from, node->count, exact->side, exact->scratch);
    exact->work += node->count * lists;
}

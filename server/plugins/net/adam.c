/* SPDX-License-Identifier: Apache-2.0 */
#include "net/adam.h"

#include <math.h>

size_t adam_workspace(const struct net *net)
{
    return 2 * net->weight_count;
}

void adam_attach(struct adam *adam, const struct net *net, double *memory)
{
    adam->mean = memory;
    adam->square = memory + net->weight_count;
    adam->steps = 0;
}

static int is_penalised(const struct net_block *block)
{
    return block->beginning == NET_GLOROT;
}

void adam_step(struct adam *adam, struct net *net)
{
    double by_mean = 1 / (1 - pow(adam->beta1, (double)++adam->steps)),
           by_square = 1 / (1 - pow(adam->beta2, (double)adam->steps));

    for (size_t b = 0; b < net->block_count; b++) {
        const struct net_block *block = &net->blocks[b];
        double penalty = is_penalised(block) ? adam->penalty : 0;
        if (block->beginning == NET_GIVEN)
            continue;
        for (size_t i = block->first; i < block->first + block->in * block->out; i++) {
            double gradient = net->gradient[i] + penalty * net->weights[i];
            adam->mean[i] = adam->beta1 * adam->mean[i] + (1 - adam->beta1) * gradient;
            adam->square[i] = adam->beta2 * adam->square[i] + (1 - adam->beta2) * gradient * gradient;
            net->weights[i] -=
                adam->rate * by_mean * adam->mean[i] / (sqrt(adam->square[i] * by_square) + adam->epsilon);
        }
    }
}

double adam_penalty(const struct adam *adam, const struct net *net)
{
    double squares = 0;

    for (size_t b = 0; b < net->block_count && adam->penalty > 0; b++)
        for (size_t i = 0; is_penalised(&net->blocks[b]) && i < net->blocks[b].in * net->blocks[b].out; i++)
            squares += net->weights[net->blocks[b].first + i] * net->weights[net->blocks[b].first + i];
    return 0.5 * adam->penalty * squares;
}

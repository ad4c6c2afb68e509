/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/protection.h"

#include <stdio.h>
#include <string.h>

static uint32_t *bucket_of(struct protection *protection, int64_t second)
{
    return &protection->fallen[second % PROTECTION_WINDOW_S];
}

/* Forget the seconds that have left the window. */
static void move_to(struct protection *protection, int64_t second)
{
    if (second - protection->newest_s >= PROTECTION_WINDOW_S)
        memset(protection->fallen, 0, sizeof protection->fallen);
    else
        for (int64_t at = protection->newest_s + 1; at <= second; at++)
            *bucket_of(protection, at) = 0;
    if (second > protection->newest_s)
        protection->newest_s = second;
}

static bool begin(struct protection *protection, size_t fallen, size_t live_count, int64_t now_ms)
{
    protection->is_on = true;
    protection->since_ms = now_ms;
    snprintf(protection->why, sizeof protection->why, "%zu of %zu instances failed within %d s", fallen, live_count,
             PROTECTION_WINDOW_S);
    return true;
}

bool protection_fall(struct protection *protection, struct protection_member *member, size_t live_count, int64_t now_ms)
{
    if (member->fell_ms)
        return false;
    move_to(protection, now_ms / 1000);
    member->fell_ms = now_ms;
    ++*bucket_of(protection, now_ms / 1000);
    size_t fallen = 0;
    for (int i = 0; i < PROTECTION_WINDOW_S; i++)
        fallen += protection->fallen[i];
    if (protection->is_on || live_count < PROTECTION_LEAST_COUNT || 2 * fallen <= live_count)
        return false;
    return begin(protection, fallen, live_count, now_ms);
}

void protection_take(struct protection *protection, struct protection_member *member)
{
    protection->held_count += !member->is_held;
    member->is_held = true;
}

void protection_rise(struct protection *protection, struct protection_member *member)
{
    int64_t second = member->fell_ms / 1000;
    if (member->fell_ms && second > protection->newest_s - PROTECTION_WINDOW_S)
        --*bucket_of(protection, second);
    protection->held_count -= member->is_held;
    *member = (struct protection_member){0};
}

bool protection_fell_lately(const struct protection_member *member, int64_t now_ms)
{
    return member->fell_ms && member->fell_ms / 1000 > now_ms / 1000 - PROTECTION_WINDOW_S;
}

bool protection_is_over(const struct protection *protection, size_t live_count, int64_t now_ms)
{
    return protection->is_on &&
           (3 * (size_t)protection->held_count <= live_count || now_ms - protection->since_ms >= PROTECTION_MOST_MS);
}

void protection_end(struct protection *protection)
{
    protection->is_on = false;
}

void protection_restore(struct protection *protection, struct protection_member *member, int64_t now_ms)
{
    if (!protection->is_on) {
        protection->is_on = true;
        protection->since_ms = now_ms;
        snprintf(protection->why, sizeof protection->why, "much of it had failed when the server ended");
    }
    protection_take(protection, member);
}

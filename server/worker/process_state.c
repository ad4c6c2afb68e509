/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/process_state.h"

#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static const char *locale_now(void)
{
    const char *name = setlocale(LC_ALL, NULL);
    return name ? name : "C";
}

void process_state_take(struct process_state *state)
{
    fegetenv(&state->rounding);
    pthread_sigmask(SIG_SETMASK, NULL, &state->blocked);
    snprintf(state->locale, sizeof(state->locale), "%s", locale_now());
}

void process_state_restore(const struct process_state *state)
{
    fesetenv(&state->rounding);
    pthread_sigmask(SIG_SETMASK, &state->blocked, NULL);
    if (strcmp(locale_now(), state->locale) != 0)
        (void)setlocale(LC_ALL, state->locale);
}

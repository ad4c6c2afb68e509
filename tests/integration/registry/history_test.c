/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../unit/store/scratch.h"
#include "fixture.h"

/* Who changed what, why and when; and that what is gone stays gone, over restarts too. */

static struct fixture fixture;
static char *folder;

static void put(const char *id, uint32_t port, int64_t *incarnation)
{
    struct sample sample;
    sample_init(&sample, "web", id, port, 60000);
    assert_int_equal(fixture_register(fixture.channel, &sample, incarnation), MRPC_OK);
}

struct page {
    int code;
    size_t count;
    int64_t revisions[128];
    int reasons[128], states[128];
    char token[32], actor[32], text[64];
};

static struct page list(const char *id, int32_t page_size, const char *token)
{
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    PB(InstanceKey) key;
    PB(ListTransitionsRequest) request;
    struct page page = {0};
    mltrainer__registry__v1__instance_key__init(&key);
    mltrainer__registry__v1__list_transitions_request__init(&request);
    key.service = (char *)(uintptr_t) "web";
    key.id = (char *)(uintptr_t)id;
    request.key = &key;
    request.page_size = page_size;
    request.page_token = (char *)(uintptr_t)token;
    const PB(ListTransitionsResponse) *response = RPC(list_transitions)(fixture.channel, NULL, &request, &reply);
    page.code = reply.status.code;
    for (size_t i = 0; response && i < response->n_transitions; i++) {
        page.revisions[i] = response->transitions[i]->revision;
        page.reasons[i] = (int)response->transitions[i]->reason;
        page.states[i] = (int)response->transitions[i]->state;
        assert_true(response->transitions[i]->time->seconds > 1000000000);
    }
    if (response) {
        page.count = response->n_transitions;
        snprintf(page.token, sizeof page.token, "%s", response->next_page_token);
        snprintf(page.actor, sizeof page.actor, "%s", response->transitions[0]->actor);
        snprintf(page.text, sizeof page.text, "%s", response->transitions[0]->text);
    }
    mrpc_reply_fini(&reply);
    return page;
}

static void history_says_who_why_and_when(void **state)
{
    put("a", 80, NULL);
    put("a", 81, NULL);
    assert_int_equal(fixture_deregister(fixture.channel, "web", "a", 0), MRPC_OK);
    struct page page = list("a", 0, "");
    assert_int_equal(page.count, 3);
    assert_int_equal(page.reasons[0], REASON_DEREGISTERED);
    assert_int_equal(page.states[0], 0); /* it ceased to be */
    assert_int_equal(page.reasons[1], REASON_UPDATED);
    assert_int_equal(page.reasons[2], REASON_REGISTERED);
    assert_int_equal(page.states[2], HEALTH_HEALTHY);
    assert_string_equal(page.actor, "anonymous");
    assert_string_equal(page.text, "deregistered");
    fixture_stop(&fixture);
    fixture_start(&fixture, folder, NULL);
    assert_int_equal(list("a", 0, "").count, 3); /* also of one that is gone, after a restart */
    put("a", 82, NULL);
    page = list("a", 0, "");
    assert_int_equal(page.count, 4); /* over all of its lives */
    assert_int_equal(page.reasons[0], REASON_REGISTERED);
    assert_true(page.revisions[0] > page.revisions[1]);
}

static void history_comes_in_pages_newest_first(void **state)
{
    for (uint32_t port = 1; port <= 7; port++)
        put("a", port, NULL);
    char token[32] = "";
    int64_t last = INT64_MAX;
    size_t seen = 0, pages = 0;
    do {
        struct page page = list("a", 3, token);
        for (size_t i = 0; i < page.count; i++) {
            assert_true(page.revisions[i] < last);
            last = page.revisions[i];
        }
        seen += page.count;
        pages++;
        strcpy(token, page.token);
    } while (token[0]);
    assert_int_equal(seen, 7);
    assert_int_equal(pages, 3);
}

/* A list of pages is of one moment or skips nothing at least: what happens meanwhile moves no entry. */
static void history_that_grows_moves_no_page(void **state)
{
    for (uint32_t port = 1; port <= 4; port++)
        put("a", port, NULL);
    struct page first = list("a", 2, "");
    put("a", 5, NULL);
    struct page second = list("a", 2, first.token);
    assert_int_equal(second.count, 2);
    assert_true(second.revisions[0] == first.revisions[1] - 1);
    assert_string_equal(second.token, "");
}

static void history_keeps_the_last_hundred(void **state)
{
    for (uint32_t port = 1; port <= 105; port++)
        put("a", port, NULL);
    struct page page = list("a", 1000, "");
    assert_int_equal(page.count, 100);
    assert_int_equal(page.revisions[0] - page.revisions[99], 99);
    assert_string_equal(page.token, "");
}

static void history_of_nobody_is_not_found(void **state)
{
    put("a", 80, NULL);
    put("ab", 80, NULL);
    assert_int_equal(list("nobody", 0, "").code, MRPC_NOT_FOUND);
    assert_int_equal(list("a", 0, "").count, 1); /* "ab" is somebody else */
    assert_int_equal(list("", 0, "").code, MRPC_INVALID_ARGUMENT);
    assert_int_equal(list("a", 1001, "").code, MRPC_INVALID_ARGUMENT);
    assert_int_equal(list("a", 0, "-5").code, MRPC_INVALID_ARGUMENT);
    assert_int_equal(list("a", 0, "5x").code, MRPC_INVALID_ARGUMENT);
}

static void late_heartbeats_wake_nobody(void **state)
{
    int64_t first, second;
    put("a", 80, &first);
    assert_int_equal(fixture_deregister(fixture.channel, "web", "a", first), MRPC_OK);
    for (int restarted = 0; restarted < 2; restarted++) {
        assert_int_equal(fixture_heartbeat(fixture.channel, "web", "a", first), MRPC_NOT_FOUND);
        assert_int_equal(fixture_heartbeat(fixture.channel, "web", "a", 0), MRPC_NOT_FOUND);
        assert_int_equal(fixture_discover(fixture.channel, "web", NULL), MRPC_NOT_FOUND);
        assert_int_equal(fixture_deregister(fixture.channel, "web", "a", first), MRPC_OK); /* it is gone, as asked */
        if (restarted)
            break;
        fixture_stop(&fixture);
        fixture_start(&fixture, folder, NULL);
    }
    put("a", 80, &second);
    assert_true(second > first);
    assert_int_equal(fixture_heartbeat(fixture.channel, "web", "a", first), MRPC_NOT_FOUND);
    assert_int_equal(fixture_heartbeat(fixture.channel, "web", "a", second), MRPC_OK);
    assert_int_equal(fixture_deregister(fixture.channel, "web", "a", first), MRPC_OK); /* of the one before */
    assert_int_equal(fixture_heartbeat(fixture.channel, "web", "a", second), MRPC_OK);
}

static int start(void **state)
{
    folder = scratch_new();
    assert_non_null(folder);
    fixture_start(&fixture, folder, NULL);
    return 0;
}

static int stop(void **state)
{
    fixture_stop(&fixture);
    scratch_free(folder);
    return 0;
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        CASE(history_says_who_why_and_when),  CASE(history_comes_in_pages_newest_first),
        CASE(history_that_grows_moves_no_page), CASE(history_keeps_the_last_hundred),
        CASE(history_of_nobody_is_not_found), CASE(late_heartbeats_wake_nobody),
    };
#undef CASE
    return cmocka_run_group_tests(tests, NULL, NULL);
}

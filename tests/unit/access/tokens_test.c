/* SPDX-License-Identifier: Apache-2.0 */

/* Tokens over a store in memory: what is kept, found, forgotten, and what happens when the store takes nothing. */

#include "access/tokens.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "store/memory.h"
#include "test.h"

static char *const trainer[] = {"trainer", "viewer"};

struct fixture {
    struct store *store;
    struct tokens *tokens;
    pthread_mutex_t lock;
    pthread_cond_t told;
    bool done;
    int code;
    struct token *token;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    struct fault fault = FAULT_INIT;
    fixture = (struct fixture){.lock = PTHREAD_MUTEX_INITIALIZER, .told = PTHREAD_COND_INITIALIZER};
    if (store_memory_open(NULL, &fixture.store, &fault) || tokens_new(fixture.store, 1000, &fixture.tokens, &fault))
        return -1;
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    store_close(fixture->store);
    tokens_free(fixture->tokens);
    return 0;
}

static void reopen(struct fixture *fixture, int64_t now_s)
{
    struct fault fault = FAULT_INIT;
    /* in order: when this batch is there, all that was asked of the store before it is */
    assert_int_equal(store_commit_wait(fixture->store, store_batch_new(), NULL, NULL), 0);
    tokens_free(fixture->tokens);
    assert_int_equal(tokens_new(fixture->store, now_s, &fixture->tokens, &fault), 0);
}

static void done(void *arg, struct token *token, const struct fault *fault)
{
    struct fixture *fixture = arg;
    pthread_mutex_lock(&fixture->lock);
    fixture->done = true;
    fixture->code = fault ? fault->code : 0;
    fixture->token = token;
    pthread_cond_signal(&fixture->told);
    pthread_mutex_unlock(&fixture->lock);
}

static int wait_done(struct fixture *fixture)
{
    pthread_mutex_lock(&fixture->lock);
    while (!fixture->done)
        pthread_cond_wait(&fixture->told, &fixture->lock);
    fixture->done = false;
    pthread_mutex_unlock(&fixture->lock);
    return fixture->code;
}

static int make(struct fixture *fixture, const char *request_id, int64_t expire_s, struct secret_hash *hash)
{
    char secret[SECRET_BYTES + 1];
    assert_int_equal(secret_make(secret), 0);
    assert_true(secret_is_one(secret));
    assert_int_equal(secret_hash(secret, hash), 0);
    const struct token_wish wish = {.identity = "ada", .roles = trainer, .role_count = 2, .description = "for tests",
                                    .request_id = request_id, .create_s = 1000, .expire_s = expire_s};
    tokens_create(fixture->tokens, &wish, hash, done, fixture);
    return wait_done(fixture);
}

static void a_token_is_found_by_its_secret_also_after_a_restart(void **state)
{
    struct fixture *fixture = *state;
    struct secret_hash hash, other;
    char id[SECRET_ID_BYTES + 1];
    assert_int_equal(make(fixture, "", 2000, &hash), 0);
    for (int i = 0; i < 2; i++, reopen(fixture, 1000)) {
        struct token *token = tokens_find(fixture->tokens, &hash);
        assert_non_null(token);
        assert_string_equal(token->identity, "ada");
        assert_int_equal(token->role_count, 2);
        assert_string_equal(token->roles[1], "viewer");
        secret_id(token->number, id);
        assert_ptr_equal(tokens_find_id(fixture->tokens, id), token);
        assert_true(token_is_valid(token, 1999));
        assert_false(token_is_valid(token, 2000));
        other = hash;
        other.bytes[SECRET_HASH_BYTES - 1] ^= 1; /* the same id, another secret */
        assert_null(tokens_find(fixture->tokens, &other));
        other.bytes[0] ^= 1;
        assert_null(tokens_find(fixture->tokens, &other));
    }
    assert_null(tokens_find_id(fixture->tokens, "0123456789abcdeg"));
    assert_null(tokens_find_id(fixture->tokens, "0123"));
}

static void a_revoked_token_stays_revoked(void **state)
{
    struct fixture *fixture = *state;
    struct secret_hash hash;
    assert_int_equal(make(fixture, "", 2000, &hash), 0);
    struct token *token = tokens_find(fixture->tokens, &hash);
    tokens_revoke(fixture->tokens, token, 1500, done, fixture);
    assert_int_equal(wait_done(fixture), 0);
    tokens_revoke(fixture->tokens, token, 1600, done, fixture); /* again: as it was */
    assert_int_equal(wait_done(fixture), 0);
    atomic_store(&token->last_use_s, 1490); /* a use that is noted late does not write over it */
    tokens_note_uses(fixture->tokens, 1700);
    reopen(fixture, 1700);
    token = tokens_find(fixture->tokens, &hash);
    assert_false(token_is_valid(token, 1700));
    assert_int_equal(atomic_load(&token->revoke_s), 1500);
    assert_int_equal(atomic_load(&token->last_use_s), 1490);
}

static void a_request_makes_one_token(void **state)
{
    struct fixture *fixture = *state;
    struct secret_hash hash;
    assert_int_equal(make(fixture, "key", 2000, &hash), 0);
    assert_int_equal(make(fixture, "key", 2000, &hash), MRPC_ALREADY_EXISTS);
    reopen(fixture, 1000);
    assert_int_equal(make(fixture, "key", 2000, &hash), MRPC_ALREADY_EXISTS);
    assert_int_equal(make(fixture, "other", 2000, &hash), 0);
}

static void what_the_store_does_not_take_is_no_token(void **state)
{
    struct fixture *fixture = *state;
    struct secret_hash hash, good;
    struct token *list[4];
    assert_int_equal(make(fixture, "", 2000, &good), 0);
    store_memory_fail(fixture->store, MRPC_RESOURCE_EXHAUSTED);
    assert_int_equal(make(fixture, "key", 2000, &hash), MRPC_RESOURCE_EXHAUSTED);
    assert_null(tokens_find(fixture->tokens, &hash));
    tokens_revoke(fixture->tokens, tokens_find(fixture->tokens, &good), 1500, done, fixture);
    assert_int_equal(wait_done(fixture), MRPC_RESOURCE_EXHAUSTED);
    assert_true(token_is_valid(tokens_find(fixture->tokens, &good), 1500));
    store_memory_fail(fixture->store, 0);
    assert_int_equal(tokens_list(fixture->tokens, 0, 0, list, 4), 1);
    assert_int_equal(make(fixture, "key", 2000, &hash), 0); /* the request may come again */
}

static void lists_go_by_id_in_pages(void **state)
{
    enum { COUNT = 25 };
    struct fixture *fixture = *state;
    struct secret_hash hash;
    struct token *list[COUNT];
    uint64_t after = 0;
    size_t seen = 0;
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(make(fixture, "", i < 5 ? 1100 : 2000, &hash), 0);
    for (size_t count; (count = tokens_list(fixture->tokens, after, 0, list, 10)) > 0; seen += count)
        for (size_t i = 0; i < count; i++) {
            assert_true(list[i]->number > after);
            after = list[i]->number;
        }
    assert_int_equal(seen, COUNT);
    assert_int_equal(tokens_list(fixture->tokens, 0, 1100, list, COUNT), COUNT - 5);
}

static void what_has_long_been_invalid_is_forgotten_at_the_start(void **state)
{
    enum { MONTH_S = 30 * 24 * 3600 };
    struct fixture *fixture = *state;
    struct secret_hash hash;
    struct token *list[4];
    assert_int_equal(make(fixture, "", 2000, &hash), 0);
    reopen(fixture, 2000 + MONTH_S);
    assert_int_equal(tokens_list(fixture->tokens, 0, 0, list, 4), 1);
    reopen(fixture, 2001 + MONTH_S);
    assert_int_equal(tokens_list(fixture->tokens, 0, 0, list, 4), 0);
    reopen(fixture, 1000); /* and is not in the store either */
    assert_int_equal(tokens_list(fixture->tokens, 0, 0, list, 4), 0);
}

static void there_is_a_most(void **state)
{
    struct fixture *fixture = *state;
    struct secret_hash hash = {{0}};
    const struct token_wish wish = {
        .identity = "many", .roles = trainer, .role_count = 1, .create_s = 1000, .expire_s = 2000};
    for (unsigned i = 0; i < TOKENS_MAX; i++) {
        memcpy(hash.bytes, &i, sizeof i);
        tokens_create(fixture->tokens, &wish, &hash, done, fixture);
        assert_int_equal(wait_done(fixture), 0);
    }
    assert_int_equal(make(fixture, "", 2000, &hash), MRPC_RESOURCE_EXHAUSTED);
    reopen(fixture, 1000);
    memset(&hash, 0, sizeof hash);
    assert_non_null(tokens_find(fixture->tokens, &hash));
}

static void a_broken_record_stops_the_start(void **state)
{
    struct fixture *fixture = *state;
    struct tokens *tokens;
    struct fault fault = FAULT_INIT;
    struct store_batch *batch = store_batch_new();
    store_batch_put(batch, store_text("access/token/00000000000000ff"), store_text("\xff\xff"), STORE_EXPECT_ANY);
    assert_int_equal(store_commit_wait(fixture->store, batch, NULL, &fault), 0);
    assert_int_equal(tokens_new(fixture->store, 1000, &tokens, &fault), MRPC_DATA_LOSS);
    assert_non_null(strstr(fault.text, "access/token/00000000000000ff"));
}

static void only_its_form_is_a_secret(void **state)
{
    assert_true(secret_is_one("mlt_vFCR24PxgkZN5HV7WPdyoM-ATpLEdcHcPv9fRA0iZDg"));
    assert_false(secret_is_one("mlt_vFCR24PxgkZN5HV7WPdyoM-ATpLEdcHcPv9fRA0iZD"));
    assert_false(secret_is_one("mlt_vFCR24PxgkZN5HV7WPdyoM-ATpLEdcHcPv9fRA0iZDgg"));
    assert_false(secret_is_one("mlt_vFCR24PxgkZN5HV7WPdyoM+ATpLEdcHcPv9fRA0iZDg"));
    assert_false(secret_is_one("mlx_vFCR24PxgkZN5HV7WPdyoM-ATpLEdcHcPv9fRA0iZDg"));
    assert_false(secret_is_one(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_token_is_found_by_its_secret_also_after_a_restart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_revoked_token_stays_revoked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_request_makes_one_token, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_the_store_does_not_take_is_no_token, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lists_go_by_id_in_pages, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_has_long_been_invalid_is_forgotten_at_the_start, set_up, tear_down),
        cmocka_unit_test_setup_teardown(there_is_a_most, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_broken_record_stops_the_start, set_up, tear_down),
        cmocka_unit_test(only_its_form_is_a_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

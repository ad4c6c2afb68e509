/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"

/* Artifacts as their users handle them: named, moved between servers, deleted. */

enum { CONTAINER_MAX = 1 << 20 };

struct container {
    uint8_t bytes[CONTAINER_MAX];
    size_t size;
};

static void train(struct fixture *fixture)
{
    char *id = submit(fixture, sp500_training(), "");
    assert_non_null(id);
    assert_int_equal(watch(fixture, id, 0, NULL, NULL), MLTRAINER__EXECUTION__V1__JOB_STATE__JOB_STATE_SUCCEEDED);
    free(id);
}

static int set_alias(struct fixture *fixture, const char *alias, uint32_t version, uint32_t expected)
{
    API(SetAliasRequest) request;
    INIT(set_alias_request, &request);
    request.name = "sp500-ridge";
    request.alias = (char *)alias;
    request.version = version;
    request.expected_version = expected;
    RPC(set_alias)(fixture->channel, NULL, &request, fresh(fixture));
    return CODE(fixture);
}

/* The version that a reference stands for; 0 with the failure in fixture->reply. */
static uint32_t version_of(struct fixture *fixture, const char *reference)
{
    API(GetArtifactRequest) request;
    INIT(get_artifact_request, &request);
    request.artifact = (char *)reference;
    const API(GetArtifactResponse) *response = RPC(get_artifact)(fixture->channel, NULL, &request, fresh(fixture));
    return response ? response->artifact->version : 0;
}

static int delete_artifact(struct fixture *fixture, const char *reference)
{
    API(DeleteArtifactRequest) request;
    INIT(delete_artifact_request, &request);
    request.artifact = (char *)reference;
    RPC(delete_artifact)(fixture->channel, NULL, &request, fresh(fixture));
    return CODE(fixture);
}

static void an_alias_moves_goes_back_and_survives_a_crash(void **state)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    upload_sp500(&fixture);
    for (int i = 0; i < 3; i++)
        train(&fixture);
    assert_int_equal(set_alias(&fixture, "champion", 1, 0), 0);
    assert_int_equal(set_alias(&fixture, "champion", 2, 7), MRPC_ABORTED);
    assert_int_equal(set_alias(&fixture, "champion", 2, 1), 0);
    assert_int_equal(set_alias(&fixture, "champion", 9, 0), MRPC_NOT_FOUND);
    assert_int_equal(set_alias(&fixture, "challenger", 0, 0), MRPC_FAILED_PRECONDITION);
    assert_int_equal(set_alias(&fixture, "no such/alias", 1, 0), MRPC_INVALID_ARGUMENT);
    assert_int_equal(version_of(&fixture, "sp500-ridge:champion"), 2);
    fixture_crash(&fixture);
    assert_int_equal(version_of(&fixture, "sp500-ridge:champion"), 2);
    assert_int_equal(set_alias(&fixture, "champion", 0, 0), 0); /* back */
    assert_int_equal(version_of(&fixture, "sp500-ridge:champion"), 1);
    assert_int_equal(version_of(&fixture, "sp500-ridge"), 3);
    assert_int_equal(version_of(&fixture, "sp500-ridge:nobody"), 0);
    assert_int_equal(CODE(&fixture), MRPC_NOT_FOUND);
    fixture_close(&fixture);
}

static void aliases_are_listed_page_by_page_and_told_by_their_artifact(void **state)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    upload_sp500(&fixture);
    train(&fixture);
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    for (int i = 0; i < 5; i++)
        assert_int_equal(set_alias(&fixture, names[4 - i], 1, 0), 0);
    API(ListAliasesRequest) request;
    char token[300] = "";
    INIT(list_aliases_request, &request);
    request.page_size = 2;
    size_t seen = 0;
    do {
        request.page_token = token;
        const API(ListAliasesResponse) *response = RPC(list_aliases)(fixture.channel, NULL, &request, fresh(&fixture));
        assert_non_null(response);
        for (size_t i = 0; i < response->n_aliases; i++)
            assert_string_equal(response->aliases[i]->alias, names[seen++]);
        snprintf(token, sizeof token, "%s", response->next_page_token);
    } while (*token);
    assert_int_equal(seen, 5);
    API(GetArtifactRequest) get;
    INIT(get_artifact_request, &get);
    get.artifact = "sp500-ridge:c";
    const API(GetArtifactResponse) *response = RPC(get_artifact)(fixture.channel, NULL, &get, fresh(&fixture));
    assert_non_null(response);
    assert_int_equal(response->artifact->n_aliases, 5);
    fixture_close(&fixture);
}

static void a_version_that_an_alias_points_to_stays(void **state)
{
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    upload_sp500(&fixture);
    train(&fixture);
    train(&fixture);
    assert_int_equal(set_alias(&fixture, "champion", 1, 0), 0);
    assert_int_equal(set_alias(&fixture, "champion", 2, 0), 0);
    assert_int_equal(delete_artifact(&fixture, "sp500-ridge@2"), MRPC_FAILED_PRECONDITION);
    assert_string_equal(TEXT(&fixture), "artifact: alias \"champion\" points to sp500-ridge@2");
    assert_int_equal(delete_artifact(&fixture, "sp500-ridge"), MRPC_INVALID_ARGUMENT);
    assert_int_equal(delete_artifact(&fixture, "sp500-ridge@1"), 0);
    assert_int_equal(delete_artifact(&fixture, "sp500-ridge@1"), MRPC_NOT_FOUND);
    /* What it pointed to before is gone: there is no way back, not even to a later version of that number. */
    assert_int_equal(set_alias(&fixture, "champion", 0, 0), MRPC_FAILED_PRECONDITION);
    fixture_crash(&fixture);
    assert_int_equal(version_of(&fixture, "sp500-ridge@1"), 0);
    assert_int_equal(set_alias(&fixture, "champion", 0, 0), MRPC_FAILED_PRECONDITION);
    API(DeleteAliasRequest) request;
    INIT(delete_alias_request, &request);
    request.name = "sp500-ridge";
    request.alias = "champion";
    RPC(delete_alias)(fixture.channel, NULL, &request, fresh(&fixture));
    assert_int_equal(CODE(&fixture), 0);
    RPC(delete_alias)(fixture.channel, NULL, &request, fresh(&fixture));
    assert_int_equal(CODE(&fixture), MRPC_NOT_FOUND);
    assert_int_equal(delete_artifact(&fixture, "sp500-ridge@2"), 0);
    fixture_close(&fixture);
}

/* ---- From one server to another ---- */

static void export_artifact(struct fixture *fixture, const char *reference, struct container *out)
{
    API(ExportArtifactRequest) request;
    struct mrpc_client_call *call;
    INIT(export_artifact_request, &request);
    request.artifact = (char *)reference;
    out->size = 0;
    assert_int_equal(RPC(export_artifact__start)(fixture->channel, NULL, &request, NULL, NULL, &call), 0);
    const API(ExportArtifactResponse) * message;
    while ((message = RPC(export_artifact__recv)(call)))
        if (message->message_case == MLTRAINER__EXECUTION__V1__EXPORT_ARTIFACT_RESPONSE__MESSAGE_CHUNK) {
            assert_true(out->size + message->chunk.len <= CONTAINER_MAX);
            memcpy(out->bytes + out->size, message->chunk.data, message->chunk.len);
            out->size += message->chunk.len;
        }
    mrpc_client_call_finish(call, fresh(fixture));
    mrpc_client_call_free(call);
    assert_int_equal(CODE(fixture), 0);
}

static int send_part(struct mrpc_client_call *call, const struct container *container, size_t at, size_t step)
{
    API(ImportArtifactRequest) message;
    INIT(import_artifact_request, &message);
    message.message_case = MLTRAINER__EXECUTION__V1__IMPORT_ARTIFACT_REQUEST__MESSAGE_CHUNK;
    message.chunk.data = (uint8_t *)container->bytes + at;
    message.chunk.len = container->size - at < step ? container->size - at : step;
    return RPC(import_artifact__send)(call, &message);
}

/* Returns the status code; @reference (may be NULL) gets "NAME@VERSION". */
static int import_artifact(struct fixture *fixture, const struct container *container, size_t step, const char *name,
                           const char *sha256, char *reference)
{
    API(ImportArtifactHeader) header;
    API(ImportArtifactRequest) message;
    struct mrpc_client_call *call;
    INIT(import_artifact_header, &header);
    INIT(import_artifact_request, &message);
    header.name = (char *)name;
    header.sha256 = (char *)sha256;
    message.message_case = MLTRAINER__EXECUTION__V1__IMPORT_ARTIFACT_REQUEST__MESSAGE_HEADER;
    message.header = &header;
    assert_int_equal(RPC(import_artifact__start)(fixture->channel, NULL, NULL, NULL, &call), 0);
    assert_int_equal(RPC(import_artifact__send)(call, &message), 0);
    for (size_t at = 0; at < container->size && send_part(call, container, at, step) == 0; at += step)
        ; /* a refused one may end the call meanwhile */
    mrpc_client_call_half_close(call);
    const API(ImportArtifactResponse) *response = RPC(import_artifact__recv)(call);
    if (response && reference)
        sprintf(reference, "%s@%u%s", response->artifact->name, response->artifact->version,
                response->already_existed ? " again" : "");
    mrpc_client_call_finish(call, fresh(fixture));
    mrpc_client_call_free(call);
    return CODE(fixture);
}

static double newest_prediction(struct fixture *fixture, const char *artifact)
{
    API(DataReference) data;
    API(PredictRequest) request;
    INIT(data_reference, &data);
    INIT(predict_request, &request);
    data.data_case = MLTRAINER__EXECUTION__V1__DATA_REFERENCE__DATA_DATASET;
    data.dataset = "sp500";
    request.artifact = (char *)artifact;
    request.data = &data;
    request.last_row_only = true;
    const API(PredictResponse) *response = RPC(predict)(fixture->channel, NULL, &request, fresh(fixture));
    if (!response)
        fail_msg("%s", TEXT(fixture));
    const API(Column) *last = response->table->columns[response->table->n_columns - 1];
    return last->doubles->values[last->doubles->n_values - 1];
}

static void what_one_server_exports_another_one_predicts_with(void **state)
{
    static struct container container;
    struct fixture here, there;
    char reference[200];
    fixture_open(&here, NULL);
    upload_sp500(&here);
    train(&here);
    export_artifact(&here, "sp500-ridge", &container);
    double expected = newest_prediction(&here, "sp500-ridge");
    fixture_close(&here);
    fixture_open(&there, NULL);
    upload_sp500(&there);
    assert_int_equal(import_artifact(&there, &container, 1000, "guest", "", reference), 0);
    assert_string_equal(reference, "guest@1");
    fixture_crash(&there);
    assert_true(newest_prediction(&there, "guest") == expected);
    assert_int_equal(import_artifact(&there, &container, container.size, "guest", "", reference), 0);
    assert_string_equal(reference, "guest@1 again");
    assert_int_equal(import_artifact(&there, &container, container.size, "", "", reference), 0);
    assert_string_equal(reference, "ridge@1");
    fixture_close(&there);
}

/* How many artifacts the server has open. */
static size_t open_artifacts(const struct fixture *fixture)
{
    char folder[64], target[512];
    size_t count = 0;
    snprintf(folder, sizeof folder, "/proc/%d/fd", (int)fixture->server);
    DIR *directory = opendir(folder);
    assert_non_null(directory);
    for (struct dirent *entry; (entry = readdir(directory));) {
        ssize_t size = readlinkat(dirfd(directory), entry->d_name, target, sizeof target - 1);
        target[size > 0 ? size : 0] = '\0';
        count += strstr(target, ".mlta") != NULL;
    }
    closedir(directory);
    return count;
}

static void wait_for_open_artifacts(const struct fixture *fixture, size_t wanted)
{
    while (open_artifacts(fixture) != wanted)
        assert_int_equal(usleep(10000), 0);
}

/* Nobody reads them, so each waits for room, and then its client goes. */
static void an_export_that_is_broken_off_lets_go_of_its_file(void **state)
{
    enum { EXPORTS = 8 };
    struct fixture fixture;
    struct mrpc_client_call *calls[EXPORTS];
    API(ExportArtifactRequest) request;
    fixture_open(&fixture, NULL);
    upload_sp500(&fixture);
    API(JobSpec) *spec = sp500_training();
    static uint32_t lags[40]; /* neighbours keep their rows: 1.6 MB, more than a stream takes unread */
    for (uint32_t i = 0; i < 40; i++)
        lags[i] = i;
    spec->train->model = (char *)"knn_5";
    spec->train->features->features[0]->lags = lags;
    spec->train->features->features[0]->n_lags = 40;
    spec->train->artifact_name = (char *)"large";
    char *id = submit(&fixture, spec, "");
    assert_int_equal(watch(&fixture, id, 0, NULL, NULL), MLTRAINER__EXECUTION__V1__JOB_STATE__JOB_STATE_SUCCEEDED);
    free(id);
    INIT(export_artifact_request, &request);
    request.artifact = (char *)"large";
    for (size_t i = 0; i < EXPORTS; i++)
        assert_int_equal(RPC(export_artifact__start)(fixture.channel, NULL, &request, NULL, NULL, &calls[i]), 0);
    wait_for_open_artifacts(&fixture, EXPORTS);
    for (size_t i = 0; i < EXPORTS; i++) {
        mrpc_client_call_cancel(calls[i]);
        assert_int_equal(mrpc_client_call_finish(calls[i], fresh(&fixture)), MRPC_CANCELLED);
        mrpc_client_call_free(calls[i]);
    }
    wait_for_open_artifacts(&fixture, 0);
    fixture_close(&fixture);
}

static void a_container_with_any_bit_turned_is_refused(void **state)
{
    static struct container container;
    struct fixture fixture;
    fixture_open(&fixture, NULL);
    upload_sp500(&fixture);
    train(&fixture);
    export_artifact(&fixture, "sp500-ridge", &container);
    for (size_t at = 0; at < container.size; at += container.size / 97 + 1) {
        container.bytes[at] ^= 1;
        int code = import_artifact(&fixture, &container, container.size, "bad", "", NULL);
        assert_true(code == MRPC_DATA_LOSS || code == MRPC_FAILED_PRECONDITION);
        container.bytes[at] ^= 1;
    }
    for (size_t size = 0, whole = container.size; size < whole; size += whole / 13 + 1) {
        container.size = size;
        assert_int_equal(import_artifact(&fixture, &container, whole, "bad", "", NULL), MRPC_DATA_LOSS);
        container.size = whole;
    }
    char wrong[65];
    memset(wrong, 'a', 64);
    wrong[64] = 0;
    assert_int_equal(import_artifact(&fixture, &container, container.size, "bad", wrong, NULL), MRPC_DATA_LOSS);
    assert_int_equal(import_artifact(&fixture, &container, container.size, "b d", "", NULL), MRPC_INVALID_ARGUMENT);
    assert_int_equal(version_of(&fixture, "bad"), 0);
    fixture_assert_alive(&fixture);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alias_moves_goes_back_and_survives_a_crash),
        cmocka_unit_test(aliases_are_listed_page_by_page_and_told_by_their_artifact),
        cmocka_unit_test(a_version_that_an_alias_points_to_stays),
        cmocka_unit_test(what_one_server_exports_another_one_predicts_with),
        cmocka_unit_test(an_export_that_is_broken_off_lets_go_of_its_file),
        cmocka_unit_test(a_container_with_any_bit_turned_is_refused),
    };
    return cmocka_run_group_tests_name("artifact", tests, NULL, NULL);
}

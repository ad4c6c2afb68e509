/* SPDX-License-Identifier: Apache-2.0 */

/* grpc.health.v1 and grpc.reflection as a client of another language sees them: lines server 25 and 26 of the
 * checklist. */

#include <grpc/health/v1/health.mrpc.h>
#include <grpc/reflection/v1/reflection.mrpc.h>
#include <grpc/reflection/v1alpha/reflection.mrpc.h>
#include <stdlib.h>
#include <string.h>

#include <mrpc/mrpc.h>

#include "test.h"

typedef Grpc__Reflection__V1__ServerReflectionRequest Question;
typedef Grpc__Reflection__V1__ServerReflectionResponse Answer;

#define QUESTION(NAME) GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_##NAME
#define ANSWER(NAME) GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_##NAME

struct scene {
    struct mrpc_server *server;
    struct mrpc_channel *channel;
};

static int set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    char *bound;
    assert_int_equal(mrpc_server_new(NULL, &scene->server), 0);
    assert_int_equal(mrpc_server_enable_health(scene->server), 0);
    assert_int_equal(mrpc_server_enable_reflection(scene->server), 0);
    assert_int_equal(mrpc_server_set_health(scene->server, "some.Service", MRPC_NOT_SERVING), 0);
    assert_int_equal(mrpc_server_listen(scene->server, "127.0.0.1:0", NULL, &bound), 0);
    assert_int_equal(mrpc_server_start(scene->server), 0);
    assert_int_equal(mrpc_channel_new(bound, NULL, &scene->channel), 0);
    free(bound);
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    mrpc_channel_free(scene->channel);
    mrpc_server_free(scene->server);
    free(scene);
    return 0;
}

/* Health --------------------------------------------------------------------------------------------------------- */

static int check(struct scene *scene, const char *service, int *code)
{
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    Grpc__Health__V1__HealthCheckRequest request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
    request.service = (char *)(uintptr_t)service;
    const Grpc__Health__V1__HealthCheckResponse *response = (const void *)mrpc_channel_unary(
        scene->channel, &grpc__health__v1__health__service.methods[0], NULL, &request.base, &reply);
    int status = response != NULL ? (int)response->status : -1;
    *code = (int)reply.status.code;
    mrpc_reply_fini(&reply);
    return status;
}

static void server_25_check_knows_the_server_and_its_services(void **state)
{
    int code;
    assert_int_equal(check(*state, "", &code), 1);
    assert_int_equal(check(*state, "some.Service", &code), 2);
    assert_int_equal(check(*state, "no.Service", &code), -1);
    assert_int_equal(code, MRPC_NOT_FOUND);
}

static void server_25_list_has_them_all(void **state)
{
    struct scene *scene = *state;
    struct mrpc_reply reply = MRPC_REPLY_INIT;
    Grpc__Health__V1__HealthListRequest request = GRPC__HEALTH__V1__HEALTH_LIST_REQUEST__INIT;
    const struct mrpc_method *list = &grpc__health__v1__health__service.methods[1];
    assert_string_equal(list->name, "List");
    const Grpc__Health__V1__HealthListResponse *response =
        (const void *)mrpc_channel_unary(scene->channel, list, NULL, &request.base, &reply);
    assert_non_null(response);
    assert_int_equal(response->n_statuses, 2);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(response->statuses[i]->value->status, response->statuses[i]->key[0] == '\0' ? 1 : 2);
    mrpc_reply_fini(&reply);
}

/* Reflection ----------------------------------------------------------------------------------------------------- */

static const Answer *ask(struct mrpc_client_call *call, Question *question)
{
    assert_int_equal(mrpc_client_call_send(call, &question->base), 0);
    const Answer *answer = (const Answer *)mrpc_client_call_recv(call);
    assert_non_null(answer);
    return answer;
}

static Question new_question(int kind)
{
    Question question = GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__INIT;
    question.message_request_case = kind;
    return question;
}

static void expect_error(struct mrpc_client_call *call, Question *question)
{
    const Answer *answer = ask(call, question);
    assert_int_equal(answer->message_response_case, ANSWER(ERROR_RESPONSE));
    assert_int_equal(answer->error_response->error_code, MRPC_NOT_FOUND);
}

static bool lists(const Answer *answer, const char *service)
{
    for (size_t i = 0; i < answer->list_services_response->n_service; i++)
        if (strcmp(answer->list_services_response->service[i]->name, service) == 0)
            return true;
    return false;
}

/* v1alpha has the same messages under another name. */
static void converse(struct scene *scene, const struct mrpc_method *method)
{
    struct mrpc_client_call *call;
    assert_int_equal(mrpc_client_call_start(scene->channel, method, NULL, NULL, NULL, &call), 0);
    Question question = new_question(QUESTION(LIST_SERVICES));
    question.list_services = (char *)"";
    const Answer *answer = ask(call, &question);
    assert_int_equal(answer->message_response_case, ANSWER(LIST_SERVICES_RESPONSE));
    assert_true(lists(answer, "grpc.health.v1.Health") && lists(answer, "grpc.reflection.v1.ServerReflection") &&
                lists(answer, "grpc.reflection.v1alpha.ServerReflection"));
    question = new_question(QUESTION(FILE_CONTAINING_SYMBOL));
    question.file_containing_symbol = (char *)"grpc.health.v1.Health.Watch";
    answer = ask(call, &question);
    assert_int_equal(answer->message_response_case, ANSWER(FILE_DESCRIPTOR_RESPONSE));
    assert_true(answer->file_descriptor_response->n_file_descriptor_proto >= 1);
    question.file_containing_symbol = (char *)"no.Such";
    expect_error(call, &question);   /* an answer, not the end of the stream */
    question = new_question(QUESTION(FILE_BY_FILENAME));
    question.file_by_filename = (char *)"grpc/health/v1/health.proto";
    assert_int_equal(ask(call, &question)->message_response_case, ANSWER(FILE_DESCRIPTOR_RESPONSE));
    question.file_by_filename = (char *)"no.proto";
    expect_error(call, &question);
    question = new_question(QUESTION(ALL_EXTENSION_NUMBERS_OF_TYPE));
    question.all_extension_numbers_of_type = (char *)"grpc.health.v1.HealthCheckRequest";
    answer = ask(call, &question);
    assert_int_equal(answer->message_response_case, ANSWER(ALL_EXTENSION_NUMBERS_RESPONSE));
    assert_int_equal(answer->all_extension_numbers_response->n_extension_number, 0);
    question.all_extension_numbers_of_type = (char *)"no.Such";
    expect_error(call, &question);
    question = new_question(QUESTION(FILE_CONTAINING_EXTENSION));
    Grpc__Reflection__V1__ExtensionRequest extension = GRPC__REFLECTION__V1__EXTENSION_REQUEST__INIT;
    extension.containing_type = (char *)"grpc.health.v1.HealthCheckRequest";
    extension.extension_number = 100;
    question.file_containing_extension = &extension;
    expect_error(call, &question);
    assert_int_equal(mrpc_client_call_finish(call, NULL), 0);
    mrpc_client_call_free(call);
}

static void server_26_reflection_answers_in_both_versions(void **state)
{
    converse(*state, &grpc__reflection__v1__server_reflection__service.methods[0]);
    struct mrpc_method alpha = grpc__reflection__v1__server_reflection__service.methods[0];
    alpha.path = grpc__reflection__v1alpha__server_reflection__service.methods[0].path;
    converse(*state, &alpha);
}

#define ROW(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(server_25_check_knows_the_server_and_its_services),
        ROW(server_25_list_has_them_all),
        ROW(server_26_reflection_answers_in_both_versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

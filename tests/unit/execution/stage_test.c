/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "execution/dataset/stage.h"
#include "test.h"

struct fixture {
    char folder[64];
    struct quota *quota;
    struct upload_stages *stages;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    strcpy(fixture->folder, "/tmp/mlt-stage-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    fixture->quota = quota_new("datasets", "bytes", 1000);
    fixture->stages = upload_stages_new(fixture->folder, fixture->quota);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    upload_stages_free(fixture->stages);
    quota_free(fixture->quota);
    assert_int_equal(rmdir(fixture->folder), 0); /* every test leaves it empty */
    free(fixture);
    return 0;
}

static struct upload_stage open_stage(struct fixture *fixture, const char *owner, uint64_t offset)
{
    struct upload_stage stage;
    struct fault fault = FAULT_INIT;
    if (upload_stage_open(fixture->stages, owner, "r", offset, &stage, &fault))
        fail_msg("%s", fault.text);
    return stage;
}

static void take(struct fixture *fixture, struct upload_stage *stage, uint64_t bytes)
{
    assert_int_equal(quota_take(fixture->quota, "ann", bytes, 0, NULL), 0);
    stage->taken_bytes += bytes;
}

static void drop(struct upload_stage *stage)
{
    unlink(stage->path);
    close(stage->fd);
}

static void holds_of_the_quota_what_lies_there(void **state)
{
    struct fixture *fixture = *state;
    struct upload_stage stage = open_stage(fixture, "ann", 0);
    take(fixture, &stage, 500);
    assert_int_equal(write(stage.fd, "0123456789", 10), 10);
    upload_stage_leave(fixture->stages, "ann", &stage);
    assert_int_equal(quota_used(fixture->quota, "ann"), 10);
    stage = open_stage(fixture, "ann", 4);
    assert_int_equal(stage.taken_bytes, 10); /* its holder's again */
    assert_int_equal(lseek(stage.fd, 0, SEEK_CUR), 4);
    upload_stage_leave(fixture->stages, "ann", &stage);
    assert_int_equal(quota_used(fixture->quota, "ann"), 4);
    unlink(stage.path); /* as retention does */
    upload_stages_forget_removed(fixture->stages);
    assert_int_equal(quota_used(fixture->quota, "ann"), 0);
}

static void leaves_nothing_of_an_empty_one(void **state)
{
    struct fixture *fixture = *state;
    uint64_t bytes;
    struct fault fault = FAULT_INIT;
    struct upload_stage stage = open_stage(fixture, "ann", 0);
    take(fixture, &stage, 100);
    upload_stage_leave(fixture->stages, "ann", &stage);
    assert_int_equal(quota_used(fixture->quota, "ann"), 0);
    assert_int_equal(upload_stage_received(fixture->stages, "ann", "r", &bytes, &fault), 0);
    assert_int_equal(bytes, 0);
    assert_int_equal(access(stage.path, F_OK), -1);
}

static void is_one_owners_and_one_calls(void **state)
{
    struct fixture *fixture = *state;
    uint64_t bytes;
    struct fault fault = FAULT_INIT;
    struct upload_stage stage = open_stage(fixture, "ann", 0), other;
    assert_int_equal(write(stage.fd, "0123", 4), 4);
    assert_int_equal(upload_stage_open(fixture->stages, "ann", "r", 0, &other, &fault), MRPC_UNAVAILABLE);
    assert_true(fault.retry_after_ms > 0);
    assert_int_equal(upload_stage_received(fixture->stages, "ann", "r", &bytes, &fault), 0);
    assert_int_equal(bytes, 4);
    assert_int_equal(upload_stage_received(fixture->stages, "bob", "r", &bytes, &fault), 0);
    assert_int_equal(bytes, 0);
    struct upload_stage bobs = open_stage(fixture, "bob", 0);
    assert_string_not_equal(bobs.path, stage.path);
    drop(&bobs);
    drop(&stage);
}

static bool disk_fails;

int __real_ftruncate(int fd, off_t length);
int __wrap_ftruncate(int fd, off_t length);
int __wrap_ftruncate(int fd, off_t length)
{
    if (!disk_fails)
        return __real_ftruncate(fd, length);
    errno = EIO;
    return -1;
}

static void stays_and_counts_when_the_disk_fails(void **state)
{
    struct fixture *fixture = *state;
    struct fault fault = FAULT_INIT;
    struct upload_stage stage = open_stage(fixture, "ann", 0), none;
    take(fixture, &stage, 10);
    assert_int_equal(write(stage.fd, "0123456789", 10), 10);
    upload_stage_leave(fixture->stages, "ann", &stage);
    disk_fails = true;
    assert_int_equal(upload_stage_open(fixture->stages, "ann", "r", 4, &none, &fault), MRPC_INTERNAL);
    disk_fails = false;
    assert_int_equal(quota_used(fixture->quota, "ann"), 10);
    stage = open_stage(fixture, "ann", 10);
    assert_int_equal(stage.taken_bytes, 10);
    unlink(stage.path);
    upload_stage_leave(fixture->stages, "ann", &stage);
    upload_stages_forget_removed(fixture->stages);
    assert_int_equal(quota_used(fixture->quota, "ann"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(holds_of_the_quota_what_lies_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(leaves_nothing_of_an_empty_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(is_one_owners_and_one_calls, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stays_and_counts_when_the_disk_fails, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

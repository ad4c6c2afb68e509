/* SPDX-License-Identifier: Apache-2.0 */

/* The file of the audit log: what is chained, rotated, opened again, torn and cut off. A reader of its own follows
 * it. */

#include "audit/chain.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

struct fixture {
    char folder[64], path[96], head[96], key_path[96];
    struct audit_key key;
    struct chain chain;
};

static void open_chain(struct fixture *fixture, uint64_t rotate_bytes, unsigned files)
{
    struct fault fault = FAULT_INIT;
    fixture->chain = (struct chain){.path = fixture->path, .head_path = fixture->head, .key = &fixture->key,
                                    .rotate_bytes = rotate_bytes, .files = files, .fd = -1, .head_fd = -1};
    if (chain_open(&fixture->chain, &fault) != 0)
        fail_msg("%s", fault.text);
}

static int set_up(void **state)
{
    static struct fixture fixture;
    struct fault fault = FAULT_INIT;
    snprintf(fixture.folder, sizeof fixture.folder, "/tmp/audit-XXXXXX");
    if (!mkdtemp(fixture.folder))
        return -1;
    snprintf(fixture.path, sizeof fixture.path, "%s/log", fixture.folder);
    snprintf(fixture.head, sizeof fixture.head, "%s/head", fixture.folder);
    snprintf(fixture.key_path, sizeof fixture.key_path, "%s/key", fixture.folder);
    *state = &fixture;
    return audit_key_load(fixture.key_path, &fixture.key, &fault);
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    char path[112];
    unlink(fixture->head);
    unlink(fixture->key_path);
    unlink(fixture->path);
    for (int i = 1; i < 10; i++) {
        snprintf(path, sizeof path, "%s.%d", fixture->path, i);
        unlink(path);
    }
    return rmdir(fixture->folder);
}

static void add(struct fixture *fixture, const char *text)
{
    assert_int_equal(chain_add(&fixture->chain, text), 0);
    assert_int_equal(chain_flush(&fixture->chain), 0);
}

struct reader {
    uint64_t lines, seq;
    uint8_t mac[AUDIT_MAC_BYTES];
    char last[CHAIN_LINE_BYTES];
};

/* Follow a file with the formula of chain.h alone; fails where it does not hold. */
static void follow(struct fixture *fixture, const char *path, struct reader *reader)
{
    char text[AUDIT_MAC_BYTES + CHAIN_LINE_BYTES], *line = text + AUDIT_MAC_BYTES;
    uint8_t mac[AUDIT_MAC_BYTES], said[AUDIT_MAC_BYTES];
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    for (int number = 1; fgets(line, CHAIN_LINE_BYTES, file); number++) {
        char *end = strstr(line, " mac="), *previous = strstr(line, " previous=");
        assert_non_null(end);
        assert_true(audit_key_unhex(end + 5, AUDIT_MAC_BYTES, said));
        assert_int_equal(number == 1, previous != NULL);
        if (previous && !reader->lines)
            assert_true(audit_key_unhex(previous + 10, AUDIT_MAC_BYTES, reader->mac));
        memcpy(text, reader->mac, AUDIT_MAC_BYTES);
        assert_int_equal(
            audit_key_mac(fixture->key.chain, text, (size_t)(AUDIT_MAC_BYTES + (end - line)), mac), 0);
        assert_memory_equal(mac, said, AUDIT_MAC_BYTES);
        uint64_t seq = strtoull(line + 4, NULL, 10);
        if (reader->lines)
            assert_int_equal(seq, reader->seq + 1);
        reader->seq = seq;
        reader->lines++;
        memcpy(reader->mac, said, AUDIT_MAC_BYTES);
        strcpy(reader->last, line);
    }
    fclose(file);
}

static void lines_hang_together_also_over_a_restart(void **state)
{
    struct fixture *fixture = *state;
    struct reader reader = {0};
    open_chain(fixture, 1 << 20, 3);
    add(fixture, "kind=event what=one");
    chain_close(&fixture->chain);
    open_chain(fixture, 1 << 20, 3);
    add(fixture, "kind=event what=two");
    chain_close(&fixture->chain);
    follow(fixture, fixture->path, &reader);
    assert_int_equal(reader.lines, 3);
    assert_int_equal(reader.seq, 3);
    assert_non_null(strstr(reader.last, "what=two"));
}

static void a_line_that_is_too_long_is_cut(void **state)
{
    struct fixture *fixture = *state;
    struct reader reader = {0};
    char text[3 * CHAIN_LINE_BYTES];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    open_chain(fixture, 1 << 20, 3);
    add(fixture, text);
    add(fixture, "kind=event what=after");
    chain_close(&fixture->chain);
    follow(fixture, fixture->path, &reader);
    assert_int_equal(reader.lines, 3);
}

static void files_are_rotated_by_size_and_the_oldest_goes(void **state)
{
    struct fixture *fixture = *state;
    char path[112];
    open_chain(fixture, 2000, 2);
    for (int i = 0; i < 60; i++)
        add(fixture, "kind=event what=padding-padding-padding-padding-padding-padding-padding");
    chain_close(&fixture->chain);
    struct reader reader = {0};
    for (int i = 2; i >= 0; i--) {
        snprintf(path, sizeof path, i ? "%s.%d" : "%s", fixture->path, i);
        struct stat about;
        assert_int_equal(stat(path, &about), 0);
        assert_in_range(about.st_size, 1, 2000 + CHAIN_LINE_BYTES);
        assert_int_equal(about.st_mode & 0777, 0600);
        follow(fixture, path, &reader);
    }
    assert_int_equal(reader.seq, fixture->chain.seq);
    snprintf(path, sizeof path, "%s.3", fixture->path);
    assert_int_equal(access(path, F_OK), -1);
}

/* The names have moved, and there is no descriptor for the new file: no try moves them once more, over the oldest. */
static void a_rotation_that_fails_loses_nothing(void **state)
{
    struct fixture *fixture = *state;
    char path[112];
    open_chain(fixture, 2000, 3);
    for (int i = 0; i < 60; i++)
        add(fixture, "kind=event what=padding-padding-padding-padding-padding-padding-padding");
    struct rlimit before, none;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    for (int i = 0; i < 60; i++)
        add(fixture, "kind=event what=padding-padding-padding-padding-padding-padding-padding");
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    for (int i = 0; i < 5; i++)
        add(fixture, "kind=event what=after");
    chain_close(&fixture->chain);
    struct reader reader = {0};
    for (int i = 3; i >= 0; i--) {
        snprintf(path, sizeof path, i ? "%s.%d" : "%s", fixture->path, i);
        follow(fixture, path, &reader);
    }
    assert_int_equal(reader.seq, fixture->chain.seq);
}

static void somebody_elses_rotation_is_taken_up(void **state)
{
    struct fixture *fixture = *state;
    struct fault fault = FAULT_INIT;
    struct reader reader = {0};
    char moved[112];
    open_chain(fixture, 1 << 20, 3);
    add(fixture, "kind=event what=before");
    assert_int_equal(chain_reopen(&fixture->chain, &fault), 0); /* nothing has happened: nothing does */
    snprintf(moved, sizeof moved, "%s.1", fixture->path);
    assert_int_equal(rename(fixture->path, moved), 0);
    assert_int_equal(chain_reopen(&fixture->chain, &fault), 0);
    add(fixture, "kind=event what=after");
    chain_close(&fixture->chain);
    follow(fixture, moved, &reader);
    assert_int_equal(reader.lines, 2);
    follow(fixture, fixture->path, &reader);
    assert_int_equal(reader.lines, 4);
}

static void a_torn_end_goes_and_is_told(void **state)
{
    struct fixture *fixture = *state;
    struct reader reader = {0};
    open_chain(fixture, 1 << 20, 3);
    add(fixture, "kind=event what=one");
    assert_int_equal(write(fixture->chain.fd, "seq=3 time=", 11), 11); /* a power cut within a line */
    chain_close(&fixture->chain);
    open_chain(fixture, 1 << 20, 3);
    add(fixture, "kind=event what=two");
    chain_close(&fixture->chain);
    follow(fixture, fixture->path, &reader);
    assert_int_equal(reader.lines, 4);
}

static void a_cut_end_leaves_a_gap(void **state)
{
    struct fixture *fixture = *state;
    open_chain(fixture, 1 << 20, 3);
    add(fixture, "kind=event what=one");
    off_t whole = (off_t)fixture->chain.size;
    add(fixture, "kind=event what=two");
    add(fixture, "kind=event what=three");
    chain_close(&fixture->chain);
    assert_int_equal(truncate(fixture->path, whole), 0);
    open_chain(fixture, 1 << 20, 3);
    assert_int_equal(chain_flush(&fixture->chain), 0);
    chain_close(&fixture->chain);
    char text[8192] = "";
    int fd = open(fixture->path, O_RDONLY | O_CLOEXEC);
    assert_true(read(fd, text, sizeof text - 1) > 0);
    close(fd);
    assert_non_null(strstr(text, "\nseq=5 "));
    assert_non_null(strstr(text, "kind=missing count=2 "));
    assert_null(strstr(text, "seq=3 "));
}

static void a_file_that_is_no_audit_log_is_left_alone(void **state)
{
    struct fixture *fixture = *state;
    struct fault fault = FAULT_INIT;
    FILE *file = fopen(fixture->path, "we");
    fputs("somebody's letters\n", file);
    fclose(file);
    fixture->chain = (struct chain){.path = fixture->path, .head_path = fixture->head, .key = &fixture->key,
                                    .rotate_bytes = 4096, .files = 1};
    assert_int_equal(chain_open(&fixture->chain, &fault), MRPC_INVALID_ARGUMENT);
    assert_non_null(strstr(fault.text, "is no audit log"));
    chain_close(&fixture->chain);
}

static void a_key_is_its_owners_alone(void **state)
{
    struct fixture *fixture = *state;
    struct fault fault = FAULT_INIT;
    struct audit_key key;
    struct stat about;
    assert_int_equal(stat(fixture->key_path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(audit_key_load(fixture->key_path, &key, &fault), 0);
    assert_memory_equal(&key, &fixture->key, sizeof key);
    assert_memory_not_equal(key.chain, key.names, AUDIT_MAC_BYTES);
    assert_int_equal(chmod(fixture->key_path, 0640), 0);
    assert_int_equal(audit_key_load(fixture->key_path, &key, &fault), MRPC_INVALID_ARGUMENT);
    assert_non_null(strstr(fault.text, "others than its owner"));
    assert_int_equal(chmod(fixture->key_path, 0600), 0);
    assert_int_equal(truncate(fixture->key_path, 63), 0);
    assert_int_equal(audit_key_load(fixture->key_path, &key, &fault), MRPC_INVALID_ARGUMENT);
    assert_non_null(strstr(fault.text, "64 hexadecimal digits"));
}

/* RFC 4231, test case 2, with its key of 4 bytes padded by zeros, as HMAC does. */
static void the_mac_is_hmac_sha256(void **state)
{
    static const uint8_t key[AUDIT_MAC_BYTES] = "Jefe";
    static const char text[] = "what do ya want for nothing?";
    uint8_t mac[AUDIT_MAC_BYTES];
    char digits[AUDIT_MAC_DIGITS + 1];
    assert_int_equal(audit_key_mac(key, text, strlen(text), mac), 0);
    audit_key_hex(mac, sizeof mac, digits);
    assert_string_equal(digits, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_hang_together_also_over_a_restart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_line_that_is_too_long_is_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(files_are_rotated_by_size_and_the_oldest_goes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_rotation_that_fails_loses_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(somebody_elses_rotation_is_taken_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_torn_end_goes_and_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_cut_end_leaves_a_gap, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_is_no_audit_log_is_left_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_key_is_its_owners_alone, set_up, tear_down),
        cmocka_unit_test(the_mac_is_hmac_sha256),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

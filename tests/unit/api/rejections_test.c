/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rejections.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

struct page {
    char text[16384];
    size_t size;
};

static int take(void *arg, const char *text, size_t size)
{
    struct page *page = arg;
    assert_true(page->size + size < sizeof page->text);
    memcpy(page->text + page->size, text, size);
    page->size += size;
    return 0;
}

static void reasons_are_counted_apart(void **state)
{
    struct rejections *rejections = calloc(1, sizeof *rejections);
    char same[] = "header_list";   /* the same word at another address */
    rejections_note(rejections, NULL, "header_list", "peer");
    rejections_note(rejections, NULL, same, NULL);
    rejections_note(rejections, NULL, "not_grpc", "peer");
    struct page page = {0};
    assert_int_equal(rejections_write(rejections, take, &page), 0);
    assert_string_equal(page.text,
                        "# HELP mltrainer_rejected_total Connections and calls that were turned away, by reason.\n"
                        "# TYPE mltrainer_rejected_total counter\n"
                        "mltrainer_rejected_total{reason=\"header_list\"} 2\n"
                        "mltrainer_rejected_total{reason=\"not_grpc\"} 1\n");
    free(rejections);
}

static void too_many_reasons_are_other(void **state)
{
    static char reasons[REJECTIONS_MAX + 8][16];
    struct rejections *rejections = calloc(1, sizeof *rejections);
    for (size_t i = 0; i < REJECTIONS_MAX + 8; i++) {
        (void)snprintf(reasons[i], sizeof reasons[i], "reason%zu", i);
        rejections_note(rejections, NULL, reasons[i], "peer");
    }
    struct page page = {0};
    assert_int_equal(rejections_write(rejections, take, &page), 0);
    assert_non_null(strstr(page.text, "{reason=\"reason62\"} 1\n"));
    assert_null(strstr(page.text, "reason63"));
    assert_non_null(strstr(page.text, "{reason=\"other\"} 9\n"));
    free(rejections);
}

static void *note_many(void *arg)
{
    static const char *const reasons[] = {"a", "b", "c", "d"};
    for (int i = 0; i < 4000; i++)
        rejections_note(arg, NULL, reasons[i % 4], "peer");
    return NULL;
}

static void threads_agree_on_one_place_a_reason(void **state)
{
    struct rejections *rejections = calloc(1, sizeof *rejections);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, note_many, rejections), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    struct page page = {0};
    assert_int_equal(rejections_write(rejections, take, &page), 0);
    for (const char *reason = "abcd"; *reason; reason++) {
        char line[64];
        (void)snprintf(line, sizeof line, "{reason=\"%c\"} 4000\n", *reason);
        assert_non_null(strstr(page.text, line));
    }
    free(rejections);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reasons_are_counted_apart),
        cmocka_unit_test(too_many_reasons_are_other),
        cmocka_unit_test(threads_agree_on_one_place_a_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

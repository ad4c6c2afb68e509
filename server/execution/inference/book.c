/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "execution/inference/inference.h"

enum { PAGES = 1000 };

struct page {
    char *reference;
    bool unloaded;
    struct inference_count count;
};

struct inference_book {
    pthread_mutex_t lock; /* guards what follows */
    size_t count;
    struct page pages[PAGES];
};

struct inference_book *inference_book_new(void)
{
    struct inference_book *book = calloc(1, sizeof *book);
    if (book)
        pthread_mutex_init(&book->lock, NULL);
    return book;
}

void inference_book_free(struct inference_book *book)
{
    if (!book)
        return;
    for (size_t i = 0; i < book->count; i++)
        free(book->pages[i].reference);
    pthread_mutex_destroy(&book->lock);
    free(book);
}

static struct page *find(struct inference_book *book, const char *reference)
{
    for (size_t i = 0; i < book->count; i++)
        if (strcmp(book->pages[i].reference, reference) == 0)
            return &book->pages[i];
    return NULL;
}

static struct page *find_or_add(struct inference_book *book, const char *reference)
{
    struct page *page = find(book, reference);
    char *copy = page || book->count == PAGES ? NULL : strdup(reference);
    if (!copy)
        return page;
    page = &book->pages[book->count++];
    *page = (struct page){.reference = copy};
    return page;
}

static void count(struct inference_count *count, const struct inference_end *end)
{
    if (end->code) {
        count->failures++;
        count->failure_ns += (uint64_t)end->total_us * 1000;
        return;
    }
    count->successes++;
    count->success_ns += (uint64_t)end->total_us * 1000;
    count->queue_ns += (uint64_t)end->queue_us * 1000;
    count->input_ns += (uint64_t)end->input_us * 1000;
    count->infer_ns += (uint64_t)end->infer_us * 1000;
    count->output_ns += (uint64_t)end->output_us * 1000;
    count->last_ms = (uint64_t)api_now_ms();
}

void inference_book_add(struct inference_book *book, const char *reference, const struct inference_end *end)
{
    pthread_mutex_lock(&book->lock);
    /* a name that nobody has is not worth a page */
    struct page *page = end->code ? find(book, reference) : find_or_add(book, reference);
    if (page)
        count(&page->count, end);
    pthread_mutex_unlock(&book->lock);
}

void inference_book_read(struct inference_book *book, const char *reference, struct inference_count *out)
{
    pthread_mutex_lock(&book->lock);
    const struct page *page = find(book, reference);
    *out = page ? page->count : (struct inference_count){0};
    pthread_mutex_unlock(&book->lock);
}

int inference_book_unload(struct inference_book *book, const char *name, bool unloaded)
{
    pthread_mutex_lock(&book->lock);
    struct page *page = unloaded ? find_or_add(book, name) : find(book, name);
    if (page)
        page->unloaded = unloaded;
    pthread_mutex_unlock(&book->lock);
    return page || !unloaded ? 0 : -1;
}

bool inference_book_unloaded(struct inference_book *book, const char *name)
{
    pthread_mutex_lock(&book->lock);
    const struct page *page = find(book, name);
    bool unloaded = page && page->unloaded;
    pthread_mutex_unlock(&book->lock);
    return unloaded;
}

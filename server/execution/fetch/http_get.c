/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>

#include "execution/fetch/provider.h"
#include "target/target.h"

enum { CONNECT_SECONDS = 10, REQUEST_SECONDS = 60, PAUSE_MS = 50, WAIT_MS_MAX = 120000, MINUTE_MS = 60000 };
enum { RETRY_AFTER_S_MAX = 3600 };
enum { CACHE_MS = 5 * MINUTE_MS, CACHE_BODY_BYTES = 1024 * 1024 };

struct answer {
    const struct fetch_sink *sink;
    char *body;
    size_t bytes, room;
    bool too_large, stopped;
    bool literal; /* the URL's host is an address */
    bool forbidden;
};

/* ---- Where it may go ---- */

/* Somebody's name must not lead inside; an address that was configured is the operator's wish. */
bool provider_may_connect(const struct sockaddr *address, bool literal)
{
    const struct target_network all[] = {{.address.ss_family = AF_INET}, {.address.ss_family = AF_INET6}};
    const struct target_policy policy = {
        .loopback_allowed = literal, .networks = all, .network_count = literal ? sizeof all / sizeof *all : 0};
    return target_judge(&policy, address, "", NULL) == 0;
}

/* The name has been resolved: what it became is judged, so that no name server says where we go. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct answer *answer = arg;
    if (purpose == CURLSOCKTYPE_IPCXN && provider_may_connect(&address->addr, answer->literal))
        return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    answer->forbidden = true;
    return CURL_SOCKET_BAD;
}

static bool host_is_literal(const char *url)
{
    const char *host = strstr(url, "://") + 3;
    size_t bytes = strcspn(host, ":/");
    char text[64];
    struct in_addr v4;
    if (*host == '[' || (bytes == 9 && strncasecmp(host, "localhost", 9) == 0))
        return true;
    if (bytes >= sizeof text)
        return false;
    memcpy(text, host, bytes);
    text[bytes] = 0;
    return inet_pton(AF_INET, text, &v4) == 1;
}

/* ---- One request ---- */

static size_t take_bytes(char *bytes, size_t one, size_t size, void *arg)
{
    struct answer *answer = arg;
    if (size > FETCH_PAGE_BYTES_MAX - answer->bytes) {
        answer->too_large = true;
        return 0;
    }
    if (answer->bytes + size + 1 > answer->room) {
        size_t room = 2 * (answer->bytes + size) + 4096;
        char *more = realloc(answer->body, room);
        if (!more)
            return 0;
        answer->body = more;
        answer->room = room;
    }
    memcpy(answer->body + answer->bytes, bytes, size);
    answer->bytes += size;
    answer->body[answer->bytes] = 0;
    return size;
}

static int look(void *arg, curl_off_t down_all, curl_off_t down, curl_off_t up_all, curl_off_t up)
{
    struct answer *answer = arg;
    answer->stopped = answer->sink->stopped(answer->sink->arg);
    return answer->stopped;
}

static void set_options(CURL *curl, struct answer *answer, const char *url, struct curl_slist *headers)
{
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)REQUEST_SECONDS);
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "gzip");
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "mltrainerd");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, answer);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, answer);
}

static int transport_fault(const struct answer *answer, CURLcode error, struct fault *fault)
{
    if (answer->stopped)
        return fetch_stopped(fault);
    if (answer->too_large)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "a page of more than 64 MiB");
    if (answer->forbidden)
        return fault_set(fault, MRPC_PERMISSION_DENIED, "its name leads to an address that is not to be asked");
    return fault_set(fault, MRPC_UNAVAILABLE, "%s", curl_easy_strerror(error));
}

static int status_fault(long status, curl_off_t retry_after_s, struct fault *fault)
{
    if (status == 401 || status == 403)
        return fault_set(fault, MRPC_PERMISSION_DENIED, "it refuses the key (%ld)", status);
    if (status == 404)
        return fault_set(fault, MRPC_NOT_FOUND, "it does not know the series");
    if (status == 400)
        return fault_set(fault, MRPC_INVALID_ARGUMENT, "it does not understand the request");
    if (retry_after_s > RETRY_AFTER_S_MAX)
        retry_after_s = RETRY_AFTER_S_MAX;
    if (status == 429)
        return fault_retry(fault, MRPC_RESOURCE_EXHAUSTED,
                           retry_after_s > 0 ? (int64_t)retry_after_s * 1000 : MINUTE_MS, "too many calls");
    return fault_set(fault, MRPC_UNAVAILABLE, "it answered with %ld", status);
}

static int perform(CURL *curl, struct answer *answer, struct fault *fault)
{
    long status = 0;
    curl_off_t retry_after_s = 0;
    CURLcode error = curl_easy_perform(curl);
    if (error != CURLE_OK)
        return transport_fault(answer, error, fault);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &retry_after_s);
    return status == 200 ? 0 : status_fault(status, retry_after_s, fault);
}

static int no_memory(struct fault *fault)
{
    return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
}

/* The key goes into the request and nowhere else. */
static int request(const struct provider *provider, const char *url, const char *key, struct answer *answer,
                   struct fault *fault)
{
    char with_key[PROVIDER_URL_BYTES + 512], header[512];
    CURL *curl = curl_easy_init();
    char *escaped = curl ? curl_easy_escape(curl, key, 0) : NULL;
    struct curl_slist *headers = curl_slist_append(NULL, "Accept: application/json");
    const char *parameter = provider->shape->key_parameter;
    int code = curl && escaped && headers ? 0 : no_memory(fault);
    if (!code && parameter)
        snprintf(with_key, sizeof with_key, "%s&%s=%s", url, parameter, escaped);
    else if (!code)
        snprintf(with_key, sizeof with_key, "%s", url);
    if (!code && !parameter) {
        snprintf(header, sizeof header, "Authorization: Bearer %s", key);
        struct curl_slist *more = curl_slist_append(headers, header);
        code = more ? 0 : no_memory(fault);
    }
    if (!code) {
        set_options(curl, answer, with_key, headers);
        code = perform(curl, answer, fault);
    }
    explicit_bzero(with_key, sizeof with_key);
    explicit_bzero(header, sizeof header);
    curl_free(escaped);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return code;
}

/* ---- Rate and cache ---- */

static bool is_printable(const char *key)
{
    while (isgraph((unsigned char)*key))
        key++;
    return !*key;
}

static const char *find_key(const struct provider *provider, char variable[96])
{
    size_t i = 0;
    for (; provider->name[i] && i < 64; i++)
        variable[i] = isalnum((unsigned char)provider->name[i]) ? (char)toupper((unsigned char)provider->name[i]) : '_';
    strcpy(variable + i, "_API_KEY");
    const char *key = getenv(variable);
    return key && *key && strlen(key) <= 128 && is_printable(key) ? key : NULL;
}

static int wait_for_turn(struct provider *provider, const struct fetch_sink *sink, struct fault *fault)
{
    int64_t now_ms = fetch_now_ms();
    pthread_mutex_lock(&provider->mutex);
    int64_t turn_ms = provider->next_call_ms > now_ms ? provider->next_call_ms : now_ms;
    bool too_long = turn_ms - now_ms > WAIT_MS_MAX;
    if (!too_long && provider->calls_per_minute)
        provider->next_call_ms = turn_ms + MINUTE_MS / provider->calls_per_minute;
    pthread_mutex_unlock(&provider->mutex);
    if (too_long)
        return fault_retry(fault, MRPC_RESOURCE_EXHAUSTED, WAIT_MS_MAX, "too many calls wait for it already");
    while (fetch_now_ms() < turn_ms) {
        if (sink->stopped(sink->arg))
            return fetch_stopped(fault);
        usleep(PAUSE_MS * 1000);
    }
    return 0;
}

static bool find_cached(struct provider *provider, const char *url, char **body, size_t *bytes)
{
    bool found = false;
    pthread_mutex_lock(&provider->mutex);
    for (size_t i = 0; i < FETCH_CACHED_MAX && !found; i++) {
        const struct cached_page *page = &provider->cache[i];
        if (!page->url || strcmp(page->url, url) != 0 || page->until_ms < fetch_now_ms())
            continue;
        *body = malloc(page->bytes + 1);
        found = *body != NULL;
        if (found)
            memcpy(*body, page->body, page->bytes + 1);
        *bytes = page->bytes;
    }
    pthread_mutex_unlock(&provider->mutex);
    return found;
}

static void cached_page_free(struct cached_page *page)
{
    free(page->url);
    free(page->body);
    *page = (struct cached_page){NULL};
}

static void keep(struct provider *provider, const char *url, const struct answer *answer)
{
    struct cached_page page = {.url = strdup(url), .body = malloc(answer->bytes + 1), .bytes = answer->bytes,
                               .until_ms = fetch_now_ms() + CACHE_MS};
    if (!page.url || !page.body || answer->bytes > CACHE_BODY_BYTES) {
        cached_page_free(&page);
        return;
    }
    memcpy(page.body, answer->body, answer->bytes + 1);
    pthread_mutex_lock(&provider->mutex);
    struct cached_page *place = &provider->cache[provider->cache_next++ % FETCH_CACHED_MAX];
    struct cached_page old = *place;
    *place = page;
    pthread_mutex_unlock(&provider->mutex);
    cached_page_free(&old);
}

void provider_forget(struct provider *provider)
{
    for (size_t i = 0; i < FETCH_CACHED_MAX; i++)
        cached_page_free(&provider->cache[i]);
}

int provider_get(struct provider *provider, const char *url, const struct fetch_sink *sink, char **body, size_t *bytes,
                 struct fault *fault)
{
    char variable[96];
    struct answer answer = {.sink = sink, .literal = host_is_literal(provider->url)};
    const char *key = find_key(provider, variable);
    if (!key)
        return fault_set(fault, MRPC_FAILED_PRECONDITION, "its key is wanted in the server's environment, %s",
                         variable);
    if (find_cached(provider, url, body, bytes))
        return 0;
    int code = wait_for_turn(provider, sink, fault);
    if (!code)
        code = request(provider, url, key, &answer, fault);
    if (!code && !answer.body)
        code = provider_broken("it is empty", fault);
    if (code) {
        free(answer.body);
        return code;
    }
    keep(provider, url, &answer);
    *body = answer.body;
    *bytes = answer.bytes;
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/webhook/sender.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>

enum {
    CONNECT_MS = 5000,
    POST_MS = 15000,
    ANSWER_BYTES_MAX = 64 * 1024,
    IDLE_MS = 60000,
    CONNECTIONS = 16,
    RETRY_AFTER_S_MAX = 3600
};

struct webhook_sender {
    CURLM *multi;
    pthread_t thread;
    bool started;
    pthread_mutex_t lock;       /* guards what follows */
    struct webhook_post *fresh; /* newest first */
    bool stopping;
    struct own_ports own;
    struct target_policy policy;
    /* The thread's. */
    struct webhook_post *under_way;
    struct target_network networks[WEBHOOK_NETWORKS_MAX];
};

/* ---- One request ---- */

/* The name has been resolved: what it became is judged, so that no name server says where we go. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct webhook_post *post = arg;
    struct webhook_sender *sender = post->sender;
    if (purpose != CURLSOCKTYPE_IPCXN)
        return CURL_SOCKET_BAD;
    pthread_mutex_lock(&sender->lock);
    int code = target_judge(&sender->policy, &address->addr, "", &post->forbidden);
    pthread_mutex_unlock(&sender->lock);
    return code ? CURL_SOCKET_BAD : socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* Nobody reads the answer; it is cut where a receiver has no reason to go on. */
static size_t pass_over(char *bytes, size_t one, size_t size, void *arg)
{
    struct webhook_post *post = arg;
    post->answer_bytes += size;
    return post->answer_bytes > ANSWER_BYTES_MAX ? 0 : size;
}

static bool add_header(struct webhook_post *post, const char *format, ...) MRPC_PRINTF(2, 3);
static bool add_header(struct webhook_post *post, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    struct curl_slist *more = curl_slist_append(post->headers, text);
    if (more)
        post->headers = more;
    return more != NULL;
}

static bool add_headers(struct webhook_post *post)
{
    return add_header(post, "content-type: application/json") && add_header(post, "expect:") &&
           add_header(post, "webhook-id: %s", post->id) &&
           add_header(post, "webhook-timestamp: %" PRId64, post->time_s) &&
           add_header(post, "webhook-signature: %s", post->signature);
}

static void set_options(CURL *easy, struct webhook_post *post)
{
    curl_easy_setopt(easy, CURLOPT_URL, post->url);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, post);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)POST_MS);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "mltrainerd");
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, post->body);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)post->body_bytes);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, post->headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, pass_over);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, post);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, post);
}

/* ---- The thread ---- */

static void conclude(struct webhook_post *post)
{
    curl_slist_free_all(post->headers);
    curl_easy_cleanup(post->easy);
    post->headers = post->easy = NULL;
    post->done(post);
}

static void begin(struct webhook_sender *sender, struct webhook_post *post)
{
    post->easy = curl_easy_init();
    if (post->easy && add_headers(post)) {
        set_options(post->easy, post);
        if (curl_multi_add_handle(sender->multi, post->easy) == CURLM_OK) {
            post->next = sender->under_way;
            sender->under_way = post;
            return;
        }
    }
    snprintf(post->why, sizeof post->why, "out of memory");
    conclude(post);
}

static void take_out(struct webhook_sender *sender, struct webhook_post *post)
{
    struct webhook_post **at = &sender->under_way;
    while (*at != post)
        at = &(*at)->next;
    *at = post->next;
    curl_multi_remove_handle(sender->multi, post->easy);
}

static void end(struct webhook_sender *sender, CURL *easy, CURLcode result)
{
    struct webhook_post *post;
    curl_off_t retry_after_s = 0;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&post);
    if (result == CURLE_OK) {
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &post->status);
        curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after_s);
        post->retry_after_ms = (retry_after_s < RETRY_AFTER_S_MAX ? (int64_t)retry_after_s : RETRY_AFTER_S_MAX) * 1000;
    } else {
        snprintf(post->why, sizeof post->why, "%.199s",
                 post->forbidden.code ? post->forbidden.text : curl_easy_strerror(result));
    }
    take_out(sender, post);
    conclude(post);
}

static bool begin_fresh(struct webhook_sender *sender)
{
    pthread_mutex_lock(&sender->lock);
    struct webhook_post *fresh = sender->fresh;
    bool stopping = sender->stopping;
    sender->fresh = NULL;
    pthread_mutex_unlock(&sender->lock);
    while (fresh) {
        struct webhook_post *post = fresh;
        fresh = post->next;
        begin(sender, post);
    }
    return !stopping;
}

static void *run(void *arg)
{
    struct webhook_sender *sender = arg;
    pthread_setname_np(pthread_self(), "webhooks");
    while (begin_fresh(sender)) {
        int running, left;
        curl_multi_perform(sender->multi, &running);
        for (CURLMsg *message; (message = curl_multi_info_read(sender->multi, &left));)
            if (message->msg == CURLMSG_DONE)
                end(sender, message->easy_handle, message->data.result);
        curl_multi_poll(sender->multi, NULL, 0, IDLE_MS, NULL);
    }
    while (sender->under_way) {
        struct webhook_post *post = sender->under_way;
        snprintf(post->why, sizeof post->why, "the server is stopping");
        take_out(sender, post);
        conclude(post);
    }
    return NULL;
}

/* ---- From outside ---- */

struct webhook_sender *webhook_sender_new(const struct target_network *networks, size_t count)
{
    struct webhook_sender *sender = calloc(1, sizeof *sender);
    if (!sender)
        return NULL;
    pthread_mutex_init(&sender->lock, NULL);
    for (size_t i = 0; i < count && i < WEBHOOK_NETWORKS_MAX; i++)
        sender->networks[sender->policy.network_count++] = networks[i];
    sender->policy.networks = sender->networks;
    sender->policy.networks_key = "execution.webhook_targets";
    sender->multi = curl_multi_init();
    if (sender->multi) {
        curl_multi_setopt(sender->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS);
        sender->started = pthread_create(&sender->thread, NULL, run, sender) == 0;
    }
    if (sender->started)
        return sender;
    webhook_sender_free(sender);
    return NULL;
}

void webhook_sender_set_own(struct webhook_sender *sender, const struct own_ports *own)
{
    pthread_mutex_lock(&sender->lock);
    sender->own = *own;
    sender->policy.own_ports = sender->own.ports;
    sender->policy.own_port_count = sender->own.count;
    sender->policy.loopback_allowed = own->loopback_only;
    pthread_mutex_unlock(&sender->lock);
}

void webhook_sender_post(struct webhook_sender *sender, struct webhook_post *post)
{
    post->sender = sender;
    pthread_mutex_lock(&sender->lock);
    bool stopping = sender->stopping;
    if (!stopping) {
        post->next = sender->fresh;
        sender->fresh = post;
    }
    pthread_mutex_unlock(&sender->lock);
    if (stopping) {
        snprintf(post->why, sizeof post->why, "the server is stopping");
        return post->done(post);
    }
    curl_multi_wakeup(sender->multi);
}

void webhook_sender_stop(struct webhook_sender *sender)
{
    if (!sender || !sender->started)
        return;
    pthread_mutex_lock(&sender->lock);
    sender->stopping = true;
    pthread_mutex_unlock(&sender->lock);
    curl_multi_wakeup(sender->multi);
    pthread_join(sender->thread, NULL);
    sender->started = false;
}

void webhook_sender_free(struct webhook_sender *sender)
{
    if (!sender)
        return;
    webhook_sender_stop(sender);
    curl_multi_cleanup(sender->multi);
    pthread_mutex_destroy(&sender->lock);
    free(sender);
}

/* ---- URLs ---- */

/* curl reads "http:/HOST" and "http:///HOST", too. */
static bool begins_well(const char *url)
{
    size_t prefix = strncasecmp(url, "http://", 7) == 0 ? 7 : strncasecmp(url, "https://", 8) == 0 ? 8 : 0;
    return prefix && url[prefix] != '/';
}

static bool has_part(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    bool there = curl_url_get(url, part, &text, 0) == CURLUE_OK;
    curl_free(text);
    return there;
}

static bool host_is_valid(CURLU *url)
{
    char *host = NULL;
    bool valid = curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK && *host;
    size_t bytes = valid ? strlen(host) : 0;
    if (valid && host[0] == '[' && host[bytes - 1] == ']') { /* target.h has no brackets */
        host[bytes - 1] = '\0';
        valid = target_host_valid(host + 1);
    } else if (valid) {
        valid = target_host_valid(host);
    }
    curl_free(host);
    return valid;
}

int webhook_url_check(const char *url, const char *field, struct fault *fault)
{
    if (strlen(url) >= WEBHOOK_URL_BYTES)
        return fault_field(fault, field, "a URL of more than %d bytes", WEBHOOK_URL_BYTES - 1);
    CURLU *parsed = curl_url();
    if (!parsed)
        return fault_set(fault, MRPC_RESOURCE_EXHAUSTED, "out of memory");
    int code = 0;
    if (!begins_well(url) || curl_url_set(parsed, CURLUPART_URL, url, 0) != CURLUE_OK || !host_is_valid(parsed))
        code = fault_field(fault, field, "not http://HOST… or https://HOST…");
    else if (has_part(parsed, CURLUPART_USER) || has_part(parsed, CURLUPART_PASSWORD) ||
             has_part(parsed, CURLUPART_FRAGMENT))
        code = fault_field(fault, field, "a URL with a user or a fragment");
    curl_url_cleanup(parsed);
    return code;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_dns.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test.h"

/* RFC 1035. A query is a header of 12 bytes, one name as labels, type and class; the answer repeats them. */

#define HEADER_BYTES 12
#define TYPE_A 1
#define TYPE_AAAA 28
#define UDP_MAX_BYTES 512
#define ANSWER_MAX_BYTES 65535

struct answer {
    uint8_t bytes[ANSWER_MAX_BYTES];
    size_t size;
    unsigned records;
};

static void put(struct answer *answer, const void *bytes, size_t size)
{
    assert_true(answer->size + size <= sizeof answer->bytes);
    memcpy(answer->bytes + answer->size, bytes, size);
    answer->size += size;
}

/* A pointer to the question's name, type, class IN, a TTL of 0, and the address. */
static void put_record(struct answer *answer, uint8_t type, const void *address, uint8_t size)
{
    const uint8_t head[] = {0xc0, HEADER_BYTES, 0, type, 0, 1, 0, 0, 0, 0, 0, size};
    put(answer, head, sizeof head);
    put(answer, address, size);
    answer->records++;
}

/* The labels as "a.b"; where they end. 0: not a name. */
static size_t read_name(const uint8_t *query, size_t size, char *name, size_t name_bytes)
{
    size_t at = HEADER_BYTES, out = 0;
    while (at < size && query[at] > 0 && query[at] < 64) {
        size_t label = query[at++];
        if (at + label >= size || out + label + 2 > name_bytes)
            return 0;
        if (out > 0)
            name[out++] = '.';
        memcpy(name + out, query + at, label);
        out += label;
        at += label;
    }
    name[out] = '\0';
    return at < size && query[at] == 0 ? at + 1 : 0;
}

static struct fake_dns_name *find(const struct fake_dns *dns, const char *name)
{
    for (size_t i = 0; i < dns->count; i++)
        if (strcmp(dns->names[i].name, name) == 0)
            return &dns->names[i];
    return NULL;
}

static void put_v4(struct answer *answer, const struct fake_dns_name *name, unsigned turn)
{
    struct in_addr address;
    for (unsigned i = 0; i < name->many; i++) {
        address.s_addr = htonl(0x7f010000u + i);
        put_record(answer, TYPE_A, &address, sizeof address);
    }
    const char *text = name->v4[1] ? name->v4[turn % 2] : name->v4[0];
    if (text && inet_pton(AF_INET, text, &address) == 1)
        put_record(answer, TYPE_A, &address, sizeof address);
}

static int fill(struct answer *answer, struct fake_dns_name *name, unsigned type)
{
    if (!name)
        return 3;
    unsigned turn = type == TYPE_A ? atomic_fetch_add(&name->asked, 1) : atomic_load(&name->asked);
    if (name->rcode && (name->rcode_count < 0 || turn < (unsigned)name->rcode_count))
        return name->rcode;
    struct in6_addr v6;
    if (type == TYPE_A)
        put_v4(answer, name, turn);
    else if (type == TYPE_AAAA && name->v6 && inet_pton(AF_INET6, name->v6, &v6) == 1)
        put_record(answer, TYPE_AAAA, &v6, sizeof v6);
    return 0;
}

/* False: no answer. */
static bool answer_query(struct fake_dns *dns, const uint8_t *query, size_t size, struct answer *answer)
{
    char text[256];
    size_t end = size > HEADER_BYTES ? read_name(query, size, text, sizeof text) : 0;
    if (end == 0 || end + 4 > size)
        return false;
    struct fake_dns_name *name = find(dns, text);
    answer->size = answer->records = 0;
    put(answer, query, end + 4);
    memset(answer->bytes + 2, 0, HEADER_BYTES - 2);
    int rcode = fill(answer, name, query[end] * 256u + query[end + 1]);
    answer->bytes[2] = 0x81; /* an answer, recursion desired */
    answer->bytes[3] = (uint8_t)(0x80 | rcode);
    answer->bytes[5] = 1;
    answer->bytes[6] = (uint8_t)(answer->records >> 8);
    answer->bytes[7] = (uint8_t)answer->records;
    return !name || !name->silent;
}

static void serve_udp(struct fake_dns *dns, struct answer *answer)
{
    uint8_t query[UDP_MAX_BYTES];
    struct sockaddr_in from;
    socklen_t from_bytes = sizeof from;
    ssize_t size = recvfrom(dns->udp, query, sizeof query, 0, (struct sockaddr *)&from, &from_bytes);
    if (size <= 0 || !answer_query(dns, query, (size_t)size, answer))
        return;
    if (answer->size > UDP_MAX_BYTES) {
        answer->size = UDP_MAX_BYTES;
        answer->bytes[2] |= 0x02; /* truncated: ask by TCP */
    }
    (void)!sendto(dns->udp, answer->bytes, answer->size, 0, (struct sockaddr *)&from, from_bytes);
}

static bool read_whole(int fd, uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t got = recv(fd, bytes, size, 0);
        if (got <= 0)
            return false;
        bytes += got;
        size -= (size_t)got;
    }
    return true;
}

/* One connection at a time: glibc opens one for each look-up and sends A and AAAA through it. */
static void serve_tcp(struct fake_dns *dns, struct answer *answer)
{
    uint8_t prefix[2], query[UDP_MAX_BYTES];
    int fd = accept(dns->tcp, NULL, NULL);
    while (fd >= 0 && read_whole(fd, prefix, 2)) {
        size_t size = prefix[0] * 256u + prefix[1];
        if (size > sizeof query || !read_whole(fd, query, size) || !answer_query(dns, query, size, answer))
            break;
        prefix[0] = (uint8_t)(answer->size >> 8);
        prefix[1] = (uint8_t)answer->size;
        (void)!send(fd, prefix, 2, MSG_NOSIGNAL | MSG_MORE);
        (void)!send(fd, answer->bytes, answer->size, MSG_NOSIGNAL);
    }
    if (fd >= 0)
        close(fd);
}

static void *serve(void *arg)
{
    struct fake_dns *dns = arg;
    struct answer *answer = malloc(sizeof *answer);
    for (;;) {
        struct pollfd fds[] = {{.fd = dns->stop[0], .events = POLLIN},
                               {.fd = dns->udp, .events = POLLIN},
                               {.fd = dns->tcp, .events = POLLIN}};
        (void)poll(fds, 3, -1);
        if (fds[0].revents)
            break;
        if (fds[1].revents)
            serve_udp(dns, answer);
        if (fds[2].revents)
            serve_tcp(dns, answer);
    }
    free(answer);
    return NULL;
}

static int open_socket(int type)
{
    struct sockaddr_in name = {
        .sin_family = AF_INET, .sin_port = htons(53), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1, fd = socket(AF_INET, type, 0);
    assert_true(fd >= 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    return fd;
}

void fake_dns_start(struct fake_dns *dns, struct fake_dns_name *names, size_t count)
{
    *dns = (struct fake_dns){.names = names, .count = count};
    dns->udp = open_socket(SOCK_DGRAM);
    dns->tcp = open_socket(SOCK_STREAM);
    assert_int_equal(listen(dns->tcp, 8), 0);
    assert_int_equal(pipe(dns->stop), 0);
    assert_int_equal(pthread_create(&dns->thread, NULL, serve, dns), 0);
}

void fake_dns_stop(struct fake_dns *dns)
{
    assert_int_equal(write(dns->stop[1], "", 1), 1);
    pthread_join(dns->thread, NULL);
    close(dns->udp);
    close(dns->tcp);
    close(dns->stop[0]);
    close(dns->stop[1]);
}

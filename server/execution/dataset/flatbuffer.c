/* SPDX-License-Identifier: Apache-2.0 */
#include "execution/dataset/flatbuffer.h"

static const uint8_t *need(struct flatbuffer *in, size_t at, size_t bytes)
{
    if (at <= in->size && bytes <= in->size - at)
        return in->bytes + at;
    in->bad = true;
    return NULL;
}

static uint64_t read_little(struct flatbuffer *in, size_t at, unsigned width)
{
    const uint8_t *bytes = need(in, at, width);
    uint64_t value = 0;
    for (unsigned i = 0; bytes && i < width; i++)
        value |= (uint64_t)bytes[i] << 8 * i;
    return value;
}

static int64_t read_signed(struct flatbuffer *in, size_t at, unsigned width)
{
    unsigned unused = 64 - 8 * width;
    return (int64_t)(read_little(in, at, width) << unused) >> unused;
}

/* A table begins with the distance back to its vtable; it must have one, with room for its two sizes. */
static struct flat_table table_at(struct flatbuffer *in, size_t at)
{
    struct flat_table none = {in, 0};
    need(in, at, 4);
    return in->bad ? none : (struct flat_table){in, at};
}

struct flat_table flat_root(struct flatbuffer *buffer)
{
    return table_at(buffer, (size_t)read_little(buffer, 0, 4));
}

/* Where the value of @slot lies; 0 when it is absent. */
static size_t find(struct flat_table table, unsigned slot)
{
    struct flatbuffer *in = table.in;
    if (!table.at || in->bad)
        return 0;
    int64_t vtable = (int64_t)table.at - read_signed(in, table.at, 4);
    if (vtable < 0 || (uint64_t)vtable >= in->size) {
        in->bad = true;
        return 0;
    }
    size_t entry = 4 + 2 * (size_t)slot;
    if (entry + 2 > read_little(in, (size_t)vtable, 2))
        return 0;
    uint64_t offset = read_little(in, (size_t)vtable + entry, 2);
    return offset ? table.at + offset : 0;
}

/* What a reference at @at leads to. */
static size_t follow(struct flatbuffer *in, size_t at)
{
    uint64_t distance = read_little(in, at, 4);
    in->bad |= distance == 0 || distance > in->size - at;
    return in->bad ? 0 : at + distance;
}

int64_t flat_integer(struct flat_table table, unsigned slot, unsigned width, int64_t otherwise)
{
    size_t at = find(table, slot);
    return at ? read_signed(table.in, at, width) : otherwise;
}

struct flat_table flat_child(struct flat_table table, unsigned slot)
{
    size_t at = find(table, slot);
    size_t target = at && need(table.in, at, 4) ? follow(table.in, at) : 0;
    return target ? table_at(table.in, target) : (struct flat_table){table.in, 0};
}

struct flat_vector flat_items(struct flat_table table, unsigned slot, size_t item_bytes)
{
    struct flatbuffer *in = table.in;
    size_t at = find(table, slot);
    size_t target = at && need(in, at, 4) ? follow(in, at) : 0;
    struct flat_vector vector = {in, target + 4, target ? (uint32_t)read_little(in, target, 4) : 0};
    if (target && !need(in, vector.at, (size_t)vector.count * item_bytes))
        vector.count = 0;
    return vector;
}

struct flat_text flat_string(struct flat_table table, unsigned slot)
{
    struct flat_vector characters = flat_items(table, slot, 1);
    if (characters.at == 4 || table.in->bad)
        return (struct flat_text){NULL, 0};
    return (struct flat_text){(const char *)table.in->bytes + characters.at, characters.count};
}

struct flat_table flat_item(struct flat_vector vector, uint32_t index)
{
    size_t at = vector.at + 4 * (size_t)index;
    size_t target = need(vector.in, at, 4) ? follow(vector.in, at) : 0;
    return target ? table_at(vector.in, target) : (struct flat_table){vector.in, 0};
}

int64_t flat_struct_integer(struct flat_vector vector, uint32_t index, size_t item_bytes, size_t offset, unsigned width)
{
    return read_signed(vector.in, vector.at + index * item_bytes + offset, width);
}

#include "token_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "secret.h"
#include "wall_clock.h"

#define LINE 64
#define SLOTS 5
#define HASHED 43 /* what the shortest signature has, of HS256 */

/* One cache line: the entries, and a part of each one's hash to know it by without a look at it. */
struct jf_token_bucket {
    jf_token_entry *entry[SLOTS];
    uint32_t tag[SLOTS];
    uint32_t elsewhere; /* how many entries whose first bucket this is stand in their second one */
};

/* ---- where a token stands ---- */

/* The product of two words, its halves joined: each bit depends on all of both. */
static inline uint64_t fold(uint64_t a, uint64_t b)
{
#if defined(__SIZEOF_INT128__)
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
    uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
    uint64_t middle = a1 * b0 + (a0 * b0 >> 32), other = a0 * b1 + (uint32_t)middle;
    return (a * b) ^ (a1 * b1 + (middle >> 32) + (other >> 32));
#endif
}

/* Of the characters before the token's end, which are those of the signature: one that agrees with a cached one in a
 * part of it is told apart without a look at that. Both sides of each product are hidden by the key, so that nobody can
 * tell which tokens meet. */
static inline uint64_t hash_of(const jf_token_table *table, const uint8_t *end)
{
    const uint64_t k = table->key[0], l = table->key[1];
    uint64_t w[6];
    memcpy(w, end - HASHED, 40);
    memcpy(w + 5, end - 8, 8);
    uint64_t h = fold(w[0] ^ k, w[1] ^ l) ^ fold(w[2] + l, w[3] + k) ^ fold(w[4] - k, w[5] - l);
    return fold(h ^ k, UINT64_C(0x9e3779b97f4a7c15));
}

static inline jf_token_bucket *bucket_of(const jf_token_table *table, uint64_t hash, int which)
{
    return &table->buckets[(which ? hash >> 24 ^ hash << 8 : hash) & table->mask];
}

static inline uint32_t tag_of(uint64_t hash)
{
    return (uint32_t)(hash >> 32);
}

/* All bytes decide. The signature is compared in constant time: how far a forged one agrees with a cached one may not
 * show. */
static inline int is_token(const jf_token_entry *entry, const uint8_t *token, size_t length)
{
    return entry->length == length
        && jf_equal(entry->token + entry->signature, token + entry->signature, length - entry->signature)
        && !memcmp(entry->token, token, entry->signature);
}

static jf_token_entry *look_up(const jf_token_table *table, const uint8_t *token, size_t length, uint64_t hash)
{
    for (int which = 0; which < 2; which++) {
        const jf_token_bucket *bucket = bucket_of(table, hash, which);
        for (int i = 0; i < SLOTS; i++)
            if (bucket->tag[i] == tag_of(hash) && bucket->entry[i] && is_token(bucket->entry[i], token, length))
                return bucket->entry[i];
        if (!bucket->elsewhere)
            break;
    }
    return NULL;
}

/* ---- recency ---- */

static void link_newest(jf_token_table *table, jf_token_entry *entry)
{
    entry->newer = NULL;
    entry->older = table->newest;
    if (table->newest)
        table->newest->newer = entry;
    else
        table->oldest = entry;
    table->newest = entry;
}

static void unlink_entry(jf_token_table *table, jf_token_entry *entry)
{
    if (entry->newer)
        entry->newer->older = entry->older;
    else
        table->newest = entry->older;
    if (entry->older)
        entry->older->newer = entry->newer;
    else
        table->oldest = entry->newer;
}

/* ---- the windows' ends: a heap of four children a node ---- */

static inline void put(jf_token_table *table, size_t place, jf_heap_node node)
{
    table->heap[place] = node;
    node.entry->place = place;
}

static void sift_up(jf_token_table *table, size_t place, jf_heap_node node)
{
    while (place > 1) {
        size_t parent = (place + 2) / 4;
        if (table->heap[parent].until <= node.until)
            break;
        put(table, place, table->heap[parent]);
        place = parent;
    }
    put(table, place, node);
}

static void sift_down(jf_token_table *table, size_t place, jf_heap_node node)
{
    for (;;) {
        size_t child = 4 * place - 2, last = child + 3, least = child;
        if (child > table->tokens)
            break;
        for (size_t i = child + 1; i <= last && i <= table->tokens; i++)
            if (table->heap[i].until < table->heap[least].until)
                least = i;
        if (node.until <= table->heap[least].until)
            break;
        put(table, place, table->heap[least]);
        place = least;
    }
    put(table, place, node);
}

/* ---- slots ---- */

static int put_in_slot(jf_token_table *table, jf_token_entry *entry, int which)
{
    jf_token_bucket *bucket = bucket_of(table, entry->hash, which);
    for (int i = 0; i < SLOTS; i++)
        if (!bucket->entry[i]) {
            bucket->entry[i] = entry;
            bucket->tag[i] = tag_of(entry->hash);
            bucket_of(table, entry->hash, 0)->elsewhere += (uint32_t)which;
            return 1;
        }
    return 0;
}

static void leave_slot(jf_token_table *table, jf_token_entry *entry)
{
    for (int which = 0; which < 2; which++) {
        jf_token_bucket *bucket = bucket_of(table, entry->hash, which);
        for (int i = 0; i < SLOTS; i++)
            if (bucket->entry[i] == entry) {
                bucket->entry[i] = NULL;
                bucket_of(table, entry->hash, 0)->elsewhere -= (uint32_t)which;
                return;
            }
    }
}

/* Moves one of a full bucket's entries to its other bucket, if one of these has room. */
static int make_room(jf_token_table *table, jf_token_bucket *bucket)
{
    for (int i = 0; i < SLOTS; i++) {
        jf_token_entry *entry = bucket->entry[i];
        int other = bucket_of(table, entry->hash, 0) == bucket;
        if (bucket_of(table, entry->hash, other) == bucket)
            continue; /* both are this one */
        leave_slot(table, entry);
        if (put_in_slot(table, entry, other))
            return 1;
        (void)put_in_slot(table, entry, !other);
    }
    return 0;
}

/* ---- in and out ---- */

/* What an entry with what it shares takes, where `sharers` others share it. */
static size_t cost(const jf_token_entry *entry, size_t sharers)
{
    return entry->bytes + (entry->shared && !sharers ? entry->shared->bytes : 0);
}

/* What an entry that is not in the table would add to its bytes. */
static size_t cost_of_joining(const jf_token_entry *entry)
{
    return cost(entry, entry->shared ? entry->shared->entries : 0);
}

/* What an entry that is in the table gives back when it goes. */
static size_t cost_of_leaving(const jf_token_entry *entry)
{
    return cost(entry, entry->shared ? entry->shared->entries - 1 : 0);
}

void jf_token_table_remove(jf_token_table *table, jf_token_entry *entry, jf_token_entry **gone)
{
    leave_slot(table, entry);
    unlink_entry(table, entry);

    size_t place = entry->place;
    jf_heap_node last = table->heap[table->tokens--];
    if (last.entry != entry) {
        if (place > 1 && last.until < table->heap[(place + 2) / 4].until)
            sift_up(table, place, last);
        else
            sift_down(table, place, last);
    }
    table->bytes -= cost_of_leaving(entry);
    if (entry->shared)
        entry->shared->entries--;
    entry->place = 0;
    entry->older = *gone;
    *gone = entry;
}

/* The bytes that one entry may take. */
static size_t share(const jf_token_table *table)
{
    return (table->max_bytes - table->own_bytes) / JF_TOKEN_ENTRY_SHARE;
}

static void evict(jf_token_table *table, jf_token_entry *entry, double now, jf_token_entry **gone)
{
    if (entry->valid_until <= now)
        table->expired++;
    else
        table->evictions++;
    jf_token_table_remove(table, entry, gone);
}

/* The entry that goes first: past its window if there is one, else the least recent. */
static jf_token_entry *first_to_go(const jf_token_table *table, double now)
{
    return table->heap[1].until <= now ? table->heap[1].entry : table->oldest;
}

/* Gives the entry a slot in one of its buckets. Where both are full and none of their entries can move, which is rare,
 * one has to go; how recent two entries are can't be told from themselves, so it is the one that ends first. */
static void take_slot(jf_token_table *table, jf_token_entry *entry, double now, jf_token_entry **gone)
{
    jf_token_bucket *first = bucket_of(table, entry->hash, 0), *second = bucket_of(table, entry->hash, 1);
    if (put_in_slot(table, entry, 0) || put_in_slot(table, entry, 1))
        return;
    if (!make_room(table, first) && !make_room(table, second)) {
        jf_token_entry *victim = first->entry[0];
        for (int i = 0; i < SLOTS; i++) {
            victim = first->entry[i]->valid_until < victim->valid_until ? first->entry[i] : victim;
            victim = second->entry[i]->valid_until < victim->valid_until ? second->entry[i] : victim;
        }
        evict(table, victim, now, gone);
    }
    (void)(put_in_slot(table, entry, 0) || put_in_slot(table, entry, 1));
}

uint64_t jf_token_table_hash(const jf_token_table *table, const uint8_t *token, size_t length)
{
    if (!table->max_tokens || length < HASHED)
        return 0;
    uint64_t hash = hash_of(table, token + length);
#if defined(__GNUC__)
    __builtin_prefetch(bucket_of(table, hash, 0));
#endif
    return hash;
}

jf_token_entry *jf_token_table_find(jf_token_table *table, const uint8_t *token, size_t length, uint64_t hash,
                                    double *now, jf_token_entry **gone)
{
    if (!table->tokens)
        return NULL;
    jf_token_entry *entry = look_up(table, token, length, hash);
    if (!entry)
        return NULL;
    if (isnan(*now))
        *now = jf_now();
    if (*now < entry->valid_from)
        return NULL;
    if (*now >= entry->valid_until) {
        evict(table, entry, *now, gone);
        return NULL;
    }
    if (entry != table->newest) {
        unlink_entry(table, entry);
        link_newest(table, entry);
    }
    return entry;
}

int jf_token_table_forget(jf_token_table *table, const uint8_t *token, size_t length, jf_token_entry **gone)
{
    if (!table->tokens)
        return 0;
    jf_token_entry *entry = look_up(table, token, length, jf_token_table_hash(table, token, length));
    if (entry)
        jf_token_table_remove(table, entry, gone);
    return entry != NULL;
}

int jf_token_table_insert(jf_token_table *table, jf_token_entry *entry, double now, jf_token_entry **gone)
{
    if (!table->max_tokens || entry->length < HASHED || cost(entry, 0) > share(table))
        return 0;
    jf_token_entry *same = look_up(table, entry->token, entry->length, entry->hash);
    if (same)
        jf_token_table_remove(table, same, gone);
    while (table->tokens == table->max_tokens || table->bytes + cost_of_joining(entry) > table->max_bytes)
        evict(table, first_to_go(table, now), now, gone);
    take_slot(table, entry, now, gone);
    link_newest(table, entry);
    table->tokens++;
    table->bytes += cost_of_joining(entry);
    if (entry->shared)
        entry->shared->entries++;
    sift_up(table, table->tokens, (jf_heap_node){entry->valid_until, entry});
    return 1;
}

void jf_token_table_charge(jf_token_table *table, jf_token_entry *entry, size_t bytes, double now,
                           jf_token_entry **gone)
{
    if (!entry->place) { /* not yet, or not any more */
        entry->bytes += bytes;
        return;
    }
    if (isnan(now))
        now = jf_now();
    if (cost(entry, 0) + bytes > share(table))
        evict(table, entry, now, gone);
    while (entry->place && table->bytes + bytes > table->max_bytes)
        evict(table, first_to_go(table, now), now, gone);
    if (!entry->place)
        return;
    entry->bytes += bytes;
    table->bytes += bytes;
}

int jf_token_table_init(jf_token_table *table, size_t max_tokens, size_t max_bytes, const uint64_t key[2])
{
    memset(table, 0, sizeof *table);
    if (max_tokens > max_bytes / JF_TOKEN_ENTRY_MIN_BYTES)
        max_tokens = max_bytes / JF_TOKEN_ENTRY_MIN_BYTES;
    table->max_tokens = max_tokens;
    table->max_bytes = max_bytes;
    if (!max_tokens)
        return 1;

    /* At most two entries for each five slots, so that a full bucket is rare. */
    size_t buckets = 1;
    while (buckets * 2 < max_tokens)
        buckets *= 2;
    /* Zeroed pages that nobody has touched cost nothing, so a large limit alone takes no memory. */
    table->memory = calloc(buckets + 1, sizeof *table->buckets);
    table->heap = calloc(max_tokens + 1, sizeof *table->heap);
    if (!table->memory || !table->heap) {
        jf_token_table_free(table);
        return 0;
    }
    table->buckets = (jf_token_bucket *)(((uintptr_t)table->memory + LINE - 1) / LINE * LINE);
    table->mask = buckets - 1;
    memcpy(table->key, key, sizeof table->key);
    table->own_bytes = (buckets + 1) * sizeof *table->buckets + (max_tokens + 1) * sizeof *table->heap;
    table->bytes = table->own_bytes;
    return 1;
}

void jf_token_table_free(jf_token_table *table)
{
    free(table->memory);
    free(table->heap);
    jf_wipe(table, sizeof *table);
}

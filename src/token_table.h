/* The cache's table: verified tokens by their bytes, the most recent first, within limits on number and bytes.
 *
 * Entries belong to the caller (they are part of its token objects) and so do the tokens' bytes; the table links them
 * and hands them back when they go. It never allocates after jf_token_table_init, and does no locking.
 *
 * The index is a fixed array of small buckets. A token has two buckets, from a keyed hash of its last octets, which
 * are its signature's: a lookup looks at the first one, and at the second one only where the first has been full. Where
 * both are full, one of their entries goes.
 * Which entry goes first: one past its time window, found by a heap on the windows' ends; else the least recent. */
#ifndef JF_TOKEN_TABLE_H
#define JF_TOKEN_TABLE_H

#include <stddef.h>
#include <stdint.h>

/* What several entries share, such as a header: its bytes are counted as long as one of them is in the table. */
typedef struct {
    size_t bytes;
    size_t entries;
} jf_token_shared;

typedef struct jf_token_entry {
    const uint8_t *token;
    size_t length;
    size_t signature;           /* where the signature begins in the token */
    double valid_from;          /* seconds since the epoch: valid_from <= now < valid_until */
    double valid_until;
    void *owner;                /* what the entry is part of */
    size_t bytes;               /* what the entry alone takes */
    jf_token_shared *shared;    /* what it shares with others, or NULL */
    uint64_t hash;
    struct jf_token_entry *newer, *older;
    size_t place;               /* in the heap, from 1; 0: not in the table */
} jf_token_entry;

typedef struct {
    double until;
    jf_token_entry *entry;
} jf_heap_node;

typedef struct jf_token_bucket jf_token_bucket;

typedef struct {
    uint64_t key[2];
    void *memory;               /* what the buckets were cut from, at a cache line's boundary */
    jf_token_bucket *buckets;
    size_t mask;                /* number of buckets less one */
    jf_heap_node *heap;         /* heap[1] ends first; heap[0] is not used */
    jf_token_entry *newest, *oldest;
    size_t tokens, max_tokens;
    size_t bytes, max_bytes;    /* `bytes` includes the table's own memory */
    size_t own_bytes;
    uint64_t expired, evictions;
} jf_token_table;

/* The most tokens that make sense within `max_bytes`: no entry is smaller than this. */
#define JF_TOKEN_ENTRY_MIN_BYTES 256

/* One entry may take this part of the room at most: one caller's huge token must not drive out everybody else's. */
#define JF_TOKEN_ENTRY_SHARE 2

/* Gives 0 when there is no memory for it. `key` is secret and random. */
int jf_token_table_init(jf_token_table *table, size_t max_tokens, size_t max_bytes, const uint64_t key[2]);

/* Frees the table's memory. The entries must have been taken out. */
void jf_token_table_free(jf_token_table *table);

/* What a token is looked up by. The CPU begins to fetch what will be looked at, so ask some time before. This reads
 * nothing that changes: it needs no lock. */
uint64_t jf_token_table_hash(const jf_token_table *table, const uint8_t *token, size_t length);

/* The entry of exactly these bytes whose window includes `*now`, made the most recent; or NULL. An entry past its
 * window is taken out and put on `*gone`. Where `*now` is not a number, the clock is read into it, if it comes to that. */
jf_token_entry *jf_token_table_find(jf_token_table *table, const uint8_t *token, size_t length, uint64_t hash,
                                    double *now, jf_token_entry **gone);

/* Links an entry whose token, length, signature, window, owner, bytes and hash are set. What has to go for it is put on
 * `*gone`, a list through `older`: an entry of the same bytes, and as many others as the limits ask for. Gives 0 and
 * links nothing when the entry is over its share of the limits. */
int jf_token_table_insert(jf_token_table *table, jf_token_entry *entry, double now, jf_token_entry **gone);

/* Charges an entry with more bytes; if it is in the table, what has to go for it, perhaps itself, is put on `*gone`.
 * Where `now` is not a number, the clock is read. */
void jf_token_table_charge(jf_token_table *table, jf_token_entry *entry, size_t bytes, double now,
                           jf_token_entry **gone);

/* Takes the entry of exactly these bytes out, whatever the time, and puts it on `*gone`; gives whether it was there. */
int jf_token_table_forget(jf_token_table *table, const uint8_t *token, size_t length, jf_token_entry **gone);

/* Takes an entry, which must be in the table, out and puts it on `*gone`. */
void jf_token_table_remove(jf_token_table *table, jf_token_entry *entry, jf_token_entry **gone);

#endif

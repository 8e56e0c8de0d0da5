#include "hmac.h"

#include <string.h>

#include "cpu.h"
#include "secret.h"

static void midstate(const jf_hmac_key *key, const uint8_t *block, uint8_t pad, jf_sha2_state *state)
{
    uint8_t padded[JF_SHA2_MAX_BLOCK];
    size_t size = jf_sha2_block_size(key->hash);
    for (size_t i = 0; i < size; i++)
        padded[i] = block[i] ^ pad;
    jf_sha2_init(key->hash, state);
    jf_sha2_blocks(key->kernels, key->hash, state, padded, 1);
    jf_wipe(padded, sizeof padded);
}

void jf_hmac_key_init(jf_hmac_key *key, const struct jf_kernels *kernels, jf_sha2_id hash, const uint8_t *secret,
                      size_t length)
{
    uint8_t block[JF_SHA2_MAX_BLOCK] = {0};
    key->kernels = kernels;
    key->hash = hash;
    if (length > jf_sha2_block_size(hash)) {
        jf_sha2(kernels, hash, secret, length, block);
    } else if (length) {
        memcpy(block, secret, length);
    }
    midstate(key, block, 0x36, &key->inner);
    midstate(key, block, 0x5c, &key->outer);
    jf_wipe(block, sizeof block);
}

/* A MAC under way: first its inner hash over the message's whole blocks, then over its tail, then the outer hash. */
typedef struct {
    jf_sha2_state state;
    const uint8_t *whole;
    size_t blocks, tail_blocks;
    uint8_t tail[2 * JF_SHA2_MAX_BLOCK];
} mac_state;

static inline void begin(mac_state *m, const jf_hmac_key *key, const uint8_t *message, size_t length)
{
    size_t size = jf_sha2_block_size(key->hash);
    m->state = key->inner;
    m->whole = message;
    m->blocks = length / size;
    size_t done = m->blocks * size;
    m->tail_blocks = jf_sha2_pad(key->hash, message + done, length - done, size + length, m->tail);
}

static inline void turn_outward(mac_state *m, const jf_hmac_key *key)
{
    uint8_t digest[JF_SHA2_MAX_DIGEST];
    size_t size = jf_sha2_digest_size(key->hash);
    jf_sha2_digest(key->hash, &m->state, digest);
    (void)jf_sha2_pad(key->hash, digest, size, jf_sha2_block_size(key->hash) + size, m->tail); /* one block */
    m->state = key->outer;
    jf_wipe(digest, sizeof digest);
}

static inline void finish(mac_state *m, const jf_hmac_key *key, uint8_t *mac)
{
    jf_sha2_digest(key->hash, &m->state, mac);
    jf_wipe(&m->state, sizeof m->state);
    jf_wipe(m->tail, JF_SHA2_MAX_DIGEST); /* the inner digest */
}

static void hmac_by_blocks(const jf_hmac_key *key, const uint8_t *message, size_t length, uint8_t *mac)
{
    mac_state m;
    begin(&m, key, message, length);
    if (m.blocks)
        jf_sha2_blocks(key->kernels, key->hash, &m.state, m.whole, m.blocks);
    jf_sha2_blocks(key->kernels, key->hash, &m.state, m.tail, m.tail_blocks);
    turn_outward(&m, key);
    jf_sha2_blocks(key->kernels, key->hash, &m.state, m.tail, 1);
    finish(&m, key, mac);
}

static inline void hmac(const jf_hmac_key *key, const uint8_t *message, size_t length, uint8_t *mac)
{
    if (key->hash == JF_SHA256)
        key->kernels->sha256_nested(key->inner.w32, key->outer.w32, message, length, mac);
    else
        hmac_by_blocks(key, message, length, mac);
}

void jf_hmac(const jf_hmac_key *key, const uint8_t *message, size_t length, uint8_t *mac)
{
    hmac(key, message, length, mac);
}

/* What is computed is the valid MAC of a message that may be a forger's: it may not stay on the stack. */
static inline int compare(uint8_t *expected, size_t size, const uint8_t *mac)
{
    int equal = jf_equal(expected, mac, size);
    jf_wipe(expected, size);
    return equal;
}

int jf_hmac_verify(const jf_hmac_key *key, const uint8_t *message, size_t length, const uint8_t *mac,
                   size_t mac_length)
{
    uint8_t expected[JF_SHA2_MAX_DIGEST];
    if (mac_length != jf_sha2_digest_size(key->hash))
        return 0;
    hmac(key, message, length, expected);
    return key->hash == JF_SHA256 ? compare(expected, 32, mac) : compare(expected, mac_length, mac);
}

/* ---- several at a time ---- */

/* With fewer than WIDE messages a kernel that always does all of them takes longer than one that does them by twos. */
enum { MESSAGES = JF_SHA256_MESSAGES, WIDE = 10 };

typedef struct {
    const struct jf_kernels *kernels;
    size_t count;
    jf_hmac_check *check[MESSAGES];
    mac_state mac[MESSAGES];
} group;

/* Hashes what is next of each message: its whole blocks, or blocks of its tail. */
static void advance(group *g, int tail, size_t at_most)
{
    uint32_t *state[MESSAGES];
    const uint8_t *data[MESSAGES];
    size_t blocks[MESSAGES];
    for (size_t i = 0; i < g->count; i++) {
        mac_state *m = &g->mac[i];
        state[i] = m->state.w32;
        data[i] = tail ? m->tail : m->whole;
        blocks[i] = !tail ? m->blocks : m->tail_blocks < at_most ? m->tail_blocks : at_most;
    }
    g->kernels->sha256_blocks_many(state, data, blocks, g->count);
}

static void verify_wide(group *g)
{
    const uint32_t *inner[MESSAGES], *outer[MESSAGES];
    const uint8_t *message[MESSAGES];
    size_t length[MESSAGES];
    uint8_t expected[MESSAGES][32];
    for (size_t i = 0; i < g->count; i++) {
        inner[i] = g->check[i]->key->inner.w32;
        outer[i] = g->check[i]->key->outer.w32;
        message[i] = g->check[i]->message;
        length[i] = g->check[i]->length;
    }
    g->kernels->sha256_nested_wide(inner, outer, message, length, expected, g->count);
    for (size_t i = 0; i < g->count; i++)
        g->check[i]->good = compare(expected[i], 32, g->check[i]->mac);
}

static void verify_few(group *g)
{
    for (size_t i = 0; i < g->count; i++)
        begin(&g->mac[i], g->check[i]->key, g->check[i]->message, g->check[i]->length);
    advance(g, 0, 0);
    advance(g, 1, 2);
    for (size_t i = 0; i < g->count; i++)
        turn_outward(&g->mac[i], g->check[i]->key);
    advance(g, 1, 1);
    for (size_t i = 0; i < g->count; i++) {
        uint8_t expected[JF_SHA2_MAX_DIGEST];
        finish(&g->mac[i], g->check[i]->key, expected);
        g->check[i]->good = compare(expected, 32, g->check[i]->mac);
    }
}

static void verify_group(group *g)
{
    if (g->count >= WIDE && g->kernels->sha256_nested_wide)
        verify_wide(g);
    else
        verify_few(g);
    g->count = 0;
}

void jf_hmac_verify_all(jf_hmac_check *checks, size_t count)
{
    group g;
    g.count = 0;
    for (jf_hmac_check *one = checks; one < checks + count; one++) {
        if (one->key->hash != JF_SHA256 || one->mac_length != 32) {
            one->good = jf_hmac_verify(one->key, one->message, one->length, one->mac, one->mac_length);
            continue;
        }
        g.kernels = one->key->kernels;
        g.check[g.count++] = one;
        if (g.count == MESSAGES)
            verify_group(&g);
    }
    if (g.count)
        verify_group(&g);
}

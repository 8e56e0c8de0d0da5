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
}

static inline void finish(mac_state *m, const jf_hmac_key *key, uint8_t *mac)
{
    jf_sha2_digest(key->hash, &m->state, mac);
    jf_wipe(&m->state, sizeof m->state);
    jf_wipe(m->tail, JF_SHA2_MAX_DIGEST); /* the inner digest */
}

void jf_hmac(const jf_hmac_key *key, const uint8_t *message, size_t length, uint8_t *mac)
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
    size_t size = jf_sha2_digest_size(key->hash);
    if (mac_length != size)
        return 0;
    jf_hmac(key, message, length, expected);
    return compare(expected, size, mac);
}

/* ---- two at a time ---- */

/* Blocks of both, and then what one has more than the other. */
static void sha256_pair(const struct jf_kernels *kernels, mac_state *a, mac_state *b, const uint8_t *data_a,
                        size_t blocks_a, const uint8_t *data_b, size_t blocks_b)
{
    uint32_t *const state[2] = {a->state.w32, b->state.w32};
    const uint8_t *const data[2] = {data_a, data_b};
    size_t both = blocks_a < blocks_b ? blocks_a : blocks_b;
    if (both)
        kernels->sha256_blocks_pair(state, data, both);
    if (blocks_a > both)
        kernels->sha256_blocks(state[0], data_a + 64 * both, blocks_a - both);
    if (blocks_b > both)
        kernels->sha256_blocks(state[1], data_b + 64 * both, blocks_b - both);
}

static void verify_pair(jf_hmac_check *x, jf_hmac_check *y)
{
    const struct jf_kernels *kernels = x->key->kernels;
    uint8_t expected[2][32];
    mac_state a, b;
    begin(&a, x->key, x->message, x->length);
    begin(&b, y->key, y->message, y->length);
    sha256_pair(kernels, &a, &b, a.whole, a.blocks, b.whole, b.blocks);
    sha256_pair(kernels, &a, &b, a.tail, a.tail_blocks, b.tail, b.tail_blocks);
    turn_outward(&a, x->key);
    turn_outward(&b, y->key);
    sha256_pair(kernels, &a, &b, a.tail, 1, b.tail, 1);
    finish(&a, x->key, expected[0]);
    finish(&b, y->key, expected[1]);
    x->good = compare(expected[0], 32, x->mac);
    y->good = compare(expected[1], 32, y->mac);
}

void jf_hmac_verify_all(jf_hmac_check *checks, size_t count)
{
    jf_hmac_check *waiting = NULL;
    for (jf_hmac_check *one = checks; one < checks + count; one++) {
        if (one->key->hash != JF_SHA256 || one->mac_length != 32) {
            one->good = jf_hmac_verify(one->key, one->message, one->length, one->mac, one->mac_length);
        } else if (waiting) {
            verify_pair(waiting, one);
            waiting = NULL;
        } else {
            waiting = one;
        }
    }
    if (waiting)
        waiting->good = jf_hmac_verify(waiting->key, waiting->message, waiting->length, waiting->mac, 32);
}

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
    jf_sha2_block(key->kernels, key->hash, state, padded);
    jf_wipe(padded, sizeof padded);
}

void jf_hmac_key_init(jf_hmac_key *key, const struct jf_kernels *kernels, jf_sha2_id hash, const uint8_t *secret,
                      size_t length)
{
    uint8_t block[JF_SHA2_MAX_BLOCK] = {0};
    key->kernels = kernels;
    key->hash = hash;
    if (length > jf_sha2_block_size(hash)) {
        jf_sha2_state state;
        jf_sha2_init(hash, &state);
        jf_sha2_finish(kernels, hash, &state, 0, secret, length, block);
        jf_wipe(&state, sizeof state);
    } else if (length) {
        memcpy(block, secret, length);
    }
    midstate(key, block, 0x36, &key->inner);
    midstate(key, block, 0x5c, &key->outer);
    jf_wipe(block, sizeof block);
}

void jf_hmac(const jf_hmac_key *key, const uint8_t *message, size_t length, uint8_t *mac)
{
    size_t block = jf_sha2_block_size(key->hash), size = jf_sha2_digest_size(key->hash);
    jf_sha2_state state = key->inner;
    jf_sha2_finish(key->kernels, key->hash, &state, block, message, length, mac);
    state = key->outer;
    jf_sha2_finish(key->kernels, key->hash, &state, block, mac, size, mac);
    jf_wipe(&state, sizeof state);
}

int jf_hmac_verify(const jf_hmac_key *key, const uint8_t *message, size_t length, const uint8_t *mac,
                   size_t mac_length)
{
    /* What is computed here is the valid MAC of a message that may be a forger's: it may not stay on the stack. */
    uint8_t expected[JF_SHA2_MAX_DIGEST];
    size_t size = jf_sha2_digest_size(key->hash);
    if (mac_length != size)
        return 0;
    jf_hmac(key, message, length, expected);
    int equal = jf_equal(expected, mac, size);
    jf_wipe(expected, size);
    return equal;
}

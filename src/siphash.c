#include "siphash.h"

#include <string.h>

static inline uint64_t rotate(uint64_t word, int count)
{
    return word << count | word >> (64 - count);
}

static inline void round_of(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

static inline void compress(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    round_of(v);
    v[0] ^= word;
}

static inline uint64_t little_endian(const uint8_t p[8])
{
    uint64_t word = 0;
    for (int i = 0; i < 8; i++)
        word |= (uint64_t)p[i] << 8 * i;
    return word;
}

void jf_siphash_init(jf_siphash *state, const uint64_t key[2])
{
    state->v[0] = UINT64_C(0x736f6d6570736575) ^ key[0];
    state->v[1] = UINT64_C(0x646f72616e646f6d) ^ key[1] ^ 0xee; /* of the 128-bit variant */
    state->v[2] = UINT64_C(0x6c7967656e657261) ^ key[0];
    state->v[3] = UINT64_C(0x7465646279746573) ^ key[1];
    state->words = 0;
}

void jf_siphash_word(jf_siphash *state, uint64_t word)
{
    compress(state->v, word);
    state->words++;
}

void jf_siphash_octets(jf_siphash *state, const uint8_t *octets, size_t length)
{
    uint64_t v[4]; /* kept in registers: what is written through `state` might be what `octets` points to */
    memcpy(v, state->v, sizeof v);
    state->words += length / 8 + (length % 8 != 0);
    for (; length >= 8; length -= 8, octets += 8)
        compress(v, little_endian(octets));
    if (length) {
        uint8_t last[8] = {0};
        memcpy(last, octets, length);
        compress(v, little_endian(last));
    }
    memcpy(state->v, v, sizeof v);
}

void jf_siphash_digest(jf_siphash *state, uint64_t digest[2])
{
    uint64_t *v = state->v;
    compress(v, state->words * 8 << 56);
    v[2] ^= 0xee;
    for (int half = 0; half < 2; half++) {
        for (int i = 0; i < 3; i++)
            round_of(v);
        digest[half] = v[0] ^ v[1] ^ v[2] ^ v[3];
        v[1] ^= 0xdd;
    }
}

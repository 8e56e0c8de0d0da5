#include "sha2.h"

#include "secret.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include <string.h>

#define AVX512 __attribute__((target("avx512f,avx512bw")))

/* Sixteen messages side by side: each register holds one word of each. */

static inline AVX512 __m512i xor3(__m512i a, __m512i b, __m512i c)
{
    return _mm512_ternarylogic_epi32(a, b, c, 0x96);
}

static inline AVX512 __m512i big_sigma0(__m512i a)
{
    return xor3(_mm512_ror_epi32(a, 2), _mm512_ror_epi32(a, 13), _mm512_ror_epi32(a, 22));
}

static inline AVX512 __m512i big_sigma1(__m512i e)
{
    return xor3(_mm512_ror_epi32(e, 6), _mm512_ror_epi32(e, 11), _mm512_ror_epi32(e, 25));
}

static inline AVX512 __m512i small_sigma0(__m512i w)
{
    return xor3(_mm512_ror_epi32(w, 7), _mm512_ror_epi32(w, 18), _mm512_srli_epi32(w, 3));
}

static inline AVX512 __m512i small_sigma1(__m512i w)
{
    return xor3(_mm512_ror_epi32(w, 17), _mm512_ror_epi32(w, 19), _mm512_srli_epi32(w, 10));
}

/* Sixteen rows of sixteen words become sixteen columns: pairs of words, of pairs, and of quarters of rows change over. */
static inline AVX512 void transpose(__m512i r[16])
{
    __m512i t[16];
    for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
    for (int i = 0; i < 16; i += 4) {
        r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
        r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
        r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
        r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    for (int i = 0; i < 4; i++) {
        t[i] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
        t[i + 4] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xdd);
        t[i + 8] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88);
        t[i + 12] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xdd);
    }
    for (int i = 0; i < 4; i++) {
        r[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
        r[i + 4] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0x88);
        r[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd);
        r[i + 12] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0xdd);
    }
}

static inline AVX512 __m512i swap_octets(__m512i words)
{
    return _mm512_shuffle_epi8(words, _mm512_broadcast_i32x4(_mm_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14,
                                                                           13, 12)));
}

/* A block of each active message, as words; of any other, zeros. */
static inline AVX512 void load_blocks(const uint8_t *const *data, __mmask16 active, size_t at, __m512i w[16])
{
    for (int i = 0; i < 16; i++)
        w[i] = active >> i & 1 ? swap_octets(_mm512_loadu_si512(data[i] + at)) : _mm512_setzero_si512();
    transpose(w);
}

#define ROUND(a, b, c, d, e, f, g, h, i)                                                                               \
    do {                                                                                                               \
        __m512i kw = _mm512_add_epi32(w[i], _mm512_set1_epi32((int)k[i]));                                             \
        h = _mm512_add_epi32(_mm512_add_epi32(h, kw), _mm512_ternarylogic_epi32(e, f, g, 0xca));                       \
        h = _mm512_add_epi32(h, big_sigma1(e));                                                                        \
        d = _mm512_add_epi32(d, h);                                                                                    \
        h = _mm512_add_epi32(h, _mm512_add_epi32(big_sigma0(a), _mm512_ternarylogic_epi32(a, b, c, 0xe8)));            \
    } while (0)
#define EIGHT_ROUNDS(i)                                                                                                \
    do {                                                                                                               \
        ROUND(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], i);                                                      \
        ROUND(s[7], s[0], s[1], s[2], s[3], s[4], s[5], s[6], (i) + 1);                                                \
        ROUND(s[6], s[7], s[0], s[1], s[2], s[3], s[4], s[5], (i) + 2);                                                \
        ROUND(s[5], s[6], s[7], s[0], s[1], s[2], s[3], s[4], (i) + 3);                                                \
        ROUND(s[4], s[5], s[6], s[7], s[0], s[1], s[2], s[3], (i) + 4);                                                \
        ROUND(s[3], s[4], s[5], s[6], s[7], s[0], s[1], s[2], (i) + 5);                                                \
        ROUND(s[2], s[3], s[4], s[5], s[6], s[7], s[0], s[1], (i) + 6);                                                \
        ROUND(s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[0], (i) + 7);                                                \
    } while (0)

/* One of the schedule's next sixteen words, in place of the one before. By name, not in a loop: the words are to stay in
 * registers. */
#define NEXT_WORD(i)                                                                                                   \
    w[i] = _mm512_add_epi32(_mm512_add_epi32(w[i], small_sigma0(w[((i) + 1) & 15])),                                   \
                            _mm512_add_epi32(w[((i) + 9) & 15], small_sigma1(w[((i) + 14) & 15])))
#define EIGHT_WORDS(i)                                                                                                 \
    do {                                                                                                               \
        NEXT_WORD(i);                                                                                                  \
        NEXT_WORD((i) + 1);                                                                                            \
        NEXT_WORD((i) + 2);                                                                                            \
        NEXT_WORD((i) + 3);                                                                                            \
        NEXT_WORD((i) + 4);                                                                                            \
        NEXT_WORD((i) + 5);                                                                                            \
        NEXT_WORD((i) + 6);                                                                                            \
        NEXT_WORD((i) + 7);                                                                                            \
    } while (0)

static inline AVX512 void take_blocks(__m512i state[8], __mmask16 active, const __m512i words[16])
{
    const uint32_t *k = JF_SHA256_K;
    __m512i s[8], w[16];
    for (int i = 0; i < 8; i++)
        s[i] = state[i];
    for (int i = 0; i < 16; i++)
        w[i] = words[i];
    EIGHT_ROUNDS(0);
    EIGHT_ROUNDS(8);
    for (k += 16; k < JF_SHA256_K + 64; k += 16) {
        EIGHT_WORDS(0);
        EIGHT_ROUNDS(0);
        EIGHT_WORDS(8);
        EIGHT_ROUNDS(8);
    }
    for (int i = 0; i < 8; i++)
        state[i] = _mm512_mask_add_epi32(state[i], active, state[i], s[i]);
}

/* Takes all blocks of each message into its state. */
static AVX512 void take_messages(__m512i all[8], const uint8_t *const *data, __m512i blocks)
{
    __m512i w[16];
    for (size_t done = 0;; done++) {
        __mmask16 active = _mm512_cmpgt_epu32_mask(blocks, _mm512_set1_epi32((int)done));
        if (!active)
            return;
        load_blocks(data, active, 64 * done, w);
        take_blocks(all, active, w);
    }
}

static inline AVX512 void load_states(const uint32_t *const *state, size_t messages, __m512i all[8])
{
    uint32_t words[8][16] = {{0}};
    for (size_t i = 0; i < messages; i++)
        for (int j = 0; j < 8; j++)
            words[j][i] = state[i][j];
    for (int j = 0; j < 8; j++)
        all[j] = _mm512_loadu_si512(words[j]);
    jf_wipe(words, sizeof words);
}

/* The inner digests go into the outer blocks as they stand: each is words of one lane already. */
static inline AVX512 void turn_outward(const __m512i inner[8], __m512i w[16])
{
    for (int j = 0; j < 8; j++)
        w[j] = inner[j];
    w[8] = _mm512_set1_epi32((int)0x80000000);
    for (int j = 9; j < 15; j++)
        w[j] = _mm512_setzero_si512();
    w[15] = _mm512_set1_epi32(8 * 96);
}

static inline AVX512 void store_digests(const __m512i all[8], uint8_t (*digest)[32], size_t messages)
{
    uint32_t words[8][16];
    for (int j = 0; j < 8; j++)
        _mm512_storeu_si512(words[j], swap_octets(all[j]));
    for (size_t i = 0; i < messages; i++)
        for (int j = 0; j < 8; j++)
            memcpy(digest[i] + 4 * j, &words[j][i], 4);
    jf_wipe(words, sizeof words);
}

AVX512 void jf_sha256_nested_wide_avx512(const uint32_t *const *inner, const uint32_t *const *outer,
                                         const uint8_t *const *message, const size_t *length, uint8_t (*digest)[32],
                                         size_t messages)
{
    uint8_t tails[16][128];
    const uint8_t *tail[16];
    uint32_t whole[16] = {0}, rest[16] = {0};
    __m512i all[8], w[16];
    for (size_t i = 0; i < messages; i++) {
        size_t done = length[i] / 64 * 64;
        tail[i] = tails[i];
        whole[i] = (uint32_t)(length[i] / 64);
        rest[i] = (uint32_t)jf_sha2_pad(JF_SHA256, message[i] + done, length[i] - done, 64 + length[i], tails[i]);
    }
    load_states(inner, messages, all);
    take_messages(all, message, _mm512_loadu_si512(whole));
    take_messages(all, tail, _mm512_loadu_si512(rest));
    turn_outward(all, w);
    load_states(outer, messages, all);
    take_blocks(all, 0xffff, w);
    store_digests(all, digest, messages);
}

#else
typedef int jf_sha256_avx512_not_here; /* C11 wants something in every translation unit */
#endif

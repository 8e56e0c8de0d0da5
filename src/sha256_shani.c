#include "sha2.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#define SHANI __attribute__((target("sha,sse4.1,ssse3")))

/* Four rounds on the words in `w`. The instruction does two rounds and gives the new a, b, e, f in the register that
 * held c, d, g, h; the next two rounds see the two registers with their roles changed over. */
static inline SHANI void four_rounds(__m128i *abef, __m128i *cdgh, __m128i w, const uint32_t *k)
{
    __m128i wk = _mm_add_epi32(w, _mm_loadu_si128((const __m128i *)k));
    *cdgh = _mm_sha256rnds2_epu32(*cdgh, *abef, wk);
    *abef = _mm_sha256rnds2_epu32(*abef, *cdgh, _mm_shuffle_epi32(wk, 0x0e));
}

/* The schedule's next four words, from the sixteen before them. */
static inline SHANI __m128i next_words(__m128i w0, __m128i w4, __m128i w8, __m128i w12)
{
    __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w0, w4), _mm_alignr_epi8(w12, w8, 4));
    return _mm_sha256msg2_epu32(sum, w12);
}

static inline SHANI void load_state(const uint32_t state[8], __m128i *abef, __m128i *cdgh)
{
    /* a..h as the instructions want them: (f e b a) and (h g d c), lowest lane first. */
    __m128i badc = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xb1);
    __m128i hgfe = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1b);
    *abef = _mm_alignr_epi8(badc, hgfe, 8);
    *cdgh = _mm_blend_epi16(hgfe, badc, 0xf0);
}

static inline SHANI void store_state(uint32_t state[8], __m128i abef, __m128i cdgh)
{
    __m128i feba = _mm_shuffle_epi32(abef, 0x1b), dchg = _mm_shuffle_epi32(cdgh, 0xb1);
    _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

static inline SHANI __m128i load_words(const uint8_t *data)
{
    const __m128i big_endian = _mm_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
    return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)data), big_endian);
}

SHANI void jf_sha256_blocks_shani(uint32_t state[8], const uint8_t *data, size_t blocks)
{
    const uint32_t *K = JF_SHA256_K;
    __m128i abef, cdgh;
    load_state(state, &abef, &cdgh);
    for (; blocks; blocks--, data += 64) {
        const __m128i abef_before = abef, cdgh_before = cdgh;
        __m128i w0 = load_words(data), w1 = load_words(data + 16);
        __m128i w2 = load_words(data + 32), w3 = load_words(data + 48);
        four_rounds(&abef, &cdgh, w0, K);
        four_rounds(&abef, &cdgh, w1, K + 4);
        four_rounds(&abef, &cdgh, w2, K + 8);
        four_rounds(&abef, &cdgh, w3, K + 12);
        for (int t = 16; t < 64; t += 16) {
            w0 = next_words(w0, w1, w2, w3);
            four_rounds(&abef, &cdgh, w0, K + t);
            w1 = next_words(w1, w2, w3, w0);
            four_rounds(&abef, &cdgh, w1, K + t + 4);
            w2 = next_words(w2, w3, w0, w1);
            four_rounds(&abef, &cdgh, w2, K + t + 8);
            w3 = next_words(w3, w0, w1, w2);
            four_rounds(&abef, &cdgh, w3, K + t + 12);
        }
        abef = _mm_add_epi32(abef, abef_before);
        cdgh = _mm_add_epi32(cdgh, cdgh_before);
    }
    store_state(state, abef, cdgh);
}

/* The same for both messages, step by step in turn. */
#define FOUR_ROUNDS_PAIR(w, t)                                                                                         \
    do {                                                                                                               \
        four_rounds(&abef[0], &cdgh[0], w[0], K + (t));                                                                \
        four_rounds(&abef[1], &cdgh[1], w[1], K + (t));                                                                \
    } while (0)
#define NEXT_WORDS_PAIR(w0, w4, w8, w12)                                                                               \
    do {                                                                                                               \
        w0[0] = next_words(w0[0], w4[0], w8[0], w12[0]);                                                               \
        w0[1] = next_words(w0[1], w4[1], w8[1], w12[1]);                                                               \
    } while (0)

static SHANI void blocks_of_two(uint32_t *const *state, const uint8_t *const *data, size_t blocks)
{
    const uint32_t *K = JF_SHA256_K;
    __m128i abef[2], cdgh[2];
    for (int i = 0; i < 2; i++)
        load_state(state[i], &abef[i], &cdgh[i]);
    for (size_t at = 0; at < 64 * blocks; at += 64) {
        const __m128i abef_before[2] = {abef[0], abef[1]}, cdgh_before[2] = {cdgh[0], cdgh[1]};
        __m128i w0[2], w1[2], w2[2], w3[2];
        for (int i = 0; i < 2; i++) {
            w0[i] = load_words(data[i] + at), w1[i] = load_words(data[i] + at + 16);
            w2[i] = load_words(data[i] + at + 32), w3[i] = load_words(data[i] + at + 48);
        }
        FOUR_ROUNDS_PAIR(w0, 0);
        FOUR_ROUNDS_PAIR(w1, 4);
        FOUR_ROUNDS_PAIR(w2, 8);
        FOUR_ROUNDS_PAIR(w3, 12);
        for (int t = 16; t < 64; t += 16) {
            NEXT_WORDS_PAIR(w0, w1, w2, w3);
            FOUR_ROUNDS_PAIR(w0, t);
            NEXT_WORDS_PAIR(w1, w2, w3, w0);
            FOUR_ROUNDS_PAIR(w1, t + 4);
            NEXT_WORDS_PAIR(w2, w3, w0, w1);
            FOUR_ROUNDS_PAIR(w2, t + 8);
            NEXT_WORDS_PAIR(w3, w0, w1, w2);
            FOUR_ROUNDS_PAIR(w3, t + 12);
        }
        for (int i = 0; i < 2; i++) {
            abef[i] = _mm_add_epi32(abef[i], abef_before[i]);
            cdgh[i] = _mm_add_epi32(cdgh[i], cdgh_before[i]);
        }
    }
    for (int i = 0; i < 2; i++)
        store_state(state[i], abef[i], cdgh[i]);
}

/* Two by two: the blocks that both have, and then what one has more than the other. */
SHANI void jf_sha256_blocks_many_shani(uint32_t *const *state, const uint8_t *const *data, const size_t *blocks,
                                       size_t messages)
{
    for (; messages >= 2; messages -= 2, state += 2, data += 2, blocks += 2) {
        size_t both = blocks[0] < blocks[1] ? blocks[0] : blocks[1];
        blocks_of_two(state, data, both);
        for (int i = 0; i < 2; i++)
            if (blocks[i] > both)
                jf_sha256_blocks_shani(state[i], data[i] + 64 * both, blocks[i] - both);
    }
    if (messages)
        jf_sha256_blocks_shani(*state, *data, *blocks);
}

#else
typedef int jf_sha256_shani_not_here; /* C11 wants something in every translation unit */
#endif

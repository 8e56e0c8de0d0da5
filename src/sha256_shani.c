#include "sha2.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include <string.h>

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

/* The other way round: a..d and e..h, a and e in the lowest lanes. */
static inline SHANI void words_of_state(__m128i abef, __m128i cdgh, __m128i *abcd, __m128i *efgh)
{
    __m128i feba = _mm_shuffle_epi32(abef, 0x1b), dchg = _mm_shuffle_epi32(cdgh, 0xb1);
    *abcd = _mm_blend_epi16(feba, dchg, 0xf0);
    *efgh = _mm_alignr_epi8(dchg, feba, 8);
}

static inline SHANI void store_state(uint32_t state[8], __m128i abef, __m128i cdgh)
{
    __m128i abcd, efgh;
    words_of_state(abef, cdgh, &abcd, &efgh);
    _mm_storeu_si128((__m128i *)state, abcd);
    _mm_storeu_si128((__m128i *)(state + 4), efgh);
}

static inline SHANI __m128i swap_octets(__m128i words)
{
    return _mm_shuffle_epi8(words, _mm_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
}

static inline SHANI __m128i load_words(const uint8_t *data)
{
    return swap_octets(_mm_loadu_si128((const __m128i *)data));
}

/* Takes the block of these sixteen words into the state. */
static inline SHANI void take_words(__m128i *abef, __m128i *cdgh, __m128i w0, __m128i w1, __m128i w2, __m128i w3)
{
    const uint32_t *K = JF_SHA256_K;
    const __m128i abef_before = *abef, cdgh_before = *cdgh;
    four_rounds(abef, cdgh, w0, K);
    four_rounds(abef, cdgh, w1, K + 4);
    four_rounds(abef, cdgh, w2, K + 8);
    four_rounds(abef, cdgh, w3, K + 12);
    for (int t = 16; t < 64; t += 16) {
        w0 = next_words(w0, w1, w2, w3);
        four_rounds(abef, cdgh, w0, K + t);
        w1 = next_words(w1, w2, w3, w0);
        four_rounds(abef, cdgh, w1, K + t + 4);
        w2 = next_words(w2, w3, w0, w1);
        four_rounds(abef, cdgh, w2, K + t + 8);
        w3 = next_words(w3, w0, w1, w2);
        four_rounds(abef, cdgh, w3, K + t + 12);
    }
    *abef = _mm_add_epi32(*abef, abef_before);
    *cdgh = _mm_add_epi32(*cdgh, cdgh_before);
}

static inline SHANI void take_blocks(__m128i *abef, __m128i *cdgh, const uint8_t *data, size_t blocks)
{
    for (; blocks; blocks--, data += 64)
        take_words(abef, cdgh, load_words(data), load_words(data + 16), load_words(data + 32), load_words(data + 48));
}

SHANI void jf_sha256_blocks_shani(uint32_t state[8], const uint8_t *data, size_t blocks)
{
    __m128i abef, cdgh;
    load_state(state, &abef, &cdgh);
    take_blocks(&abef, &cdgh, data, blocks);
    store_state(state, abef, cdgh);
}

/* The last `length` of the sixteen octets before `end`, a one after them, and zeros. */
static inline SHANI __m128i ended_words(const uint8_t *end, size_t length)
{
    static const uint8_t at[32] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
                                   128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128};
    static const uint8_t one[32] = {[16] = 0x80};
    __m128i octets = _mm_loadu_si128((const __m128i *)(end - 16));
    octets = _mm_shuffle_epi8(octets, _mm_loadu_si128((const __m128i *)(at + 16 - length)));
    return swap_octets(_mm_or_si128(octets, _mm_loadu_si128((const __m128i *)(one + 16 - length))));
}

/* As jf_sha2_pad does, but to words, and by whole registers alone: reading octets that were written otherwise, in a unit
 * of another size, would hold up the chain of rounds. */
static inline SHANI size_t pad_words(const uint8_t *rest, size_t length, uint64_t total, __m128i words[8])
{
    size_t full = length / 16, blocks = length < 56 ? 1 : 2;
    for (int i = 0; i < 8; i++)
        words[i] = _mm_setzero_si128();
    for (size_t i = 0; i < full; i++)
        words[i] = load_words(rest + 16 * i);
    words[full] = ended_words(rest + length, length % 16);
    words[4 * blocks - 1] = _mm_or_si128(words[4 * blocks - 1],
                                         _mm_setr_epi32(0, 0, (int)(total >> 29), (int)(total << 3)));
    return blocks;
}

/* Of a message that can be read from its end on. */
static SHANI void nested(const uint32_t inner[8], const uint32_t outer[8], const uint8_t *message, size_t length,
                         uint8_t digest[32])
{
    __m128i abef, cdgh, abcd, efgh, words[8];
    load_state(inner, &abef, &cdgh);
    take_blocks(&abef, &cdgh, message, length / 64);
    size_t blocks = pad_words(message + length / 64 * 64, length % 64, 64 + length, words);
    for (const __m128i *w = words; w < words + 4 * blocks; w += 4)
        take_words(&abef, &cdgh, w[0], w[1], w[2], w[3]);

    /* The inner digest goes into the outer block as it stands. */
    words_of_state(abef, cdgh, &abcd, &efgh);
    load_state(outer, &abef, &cdgh);
    take_words(&abef, &cdgh, abcd, efgh, _mm_setr_epi32((int)0x80000000, 0, 0, 0), _mm_setr_epi32(0, 0, 0, 8 * 96));
    words_of_state(abef, cdgh, &abcd, &efgh);
    _mm_storeu_si128((__m128i *)digest, swap_octets(abcd));
    _mm_storeu_si128((__m128i *)(digest + 16), swap_octets(efgh));
}

SHANI void jf_sha256_nested_shani(const uint32_t inner[8], const uint32_t outer[8], const uint8_t *message, size_t length,
                                  uint8_t digest[32])
{
    uint8_t few[16] = {0};
    if (length >= sizeof few) {
        nested(inner, outer, message, length, digest);
        return;
    }
    if (length)
        memcpy(few + sizeof few - length, message, length);
    nested(inner, outer, few + sizeof few - length, length, digest);
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

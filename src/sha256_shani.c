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

SHANI void jf_sha256_blocks_shani(uint32_t state[8], const uint8_t *data, size_t blocks)
{
    const __m128i big_endian = _mm_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
    const uint32_t *K = JF_SHA256_K;

    /* a..h as the instructions want them: (f e b a) and (h g d c), lowest lane first. */
    __m128i badc = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xb1);
    __m128i hgfe = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1b);
    __m128i abef = _mm_alignr_epi8(badc, hgfe, 8), cdgh = _mm_blend_epi16(hgfe, badc, 0xf0);

    for (; blocks; blocks--, data += 64) {
        const __m128i abef_before = abef, cdgh_before = cdgh;
        __m128i w0 = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)data), big_endian);
        __m128i w1 = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(data + 16)), big_endian);
        __m128i w2 = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(data + 32)), big_endian);
        __m128i w3 = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(data + 48)), big_endian);
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

    __m128i feba = _mm_shuffle_epi32(abef, 0x1b), dchg = _mm_shuffle_epi32(cdgh, 0xb1);
    _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

#else
typedef int jf_sha256_shani_not_here; /* C11 wants something in every translation unit */
#endif

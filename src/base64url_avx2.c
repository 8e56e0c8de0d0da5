#include "base64url.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

/* 0xff in each byte of `c` that lies between `low` and `high`. The compare is signed, which puts every byte from 0x80
 * on below all of the alphabet. */
static inline AVX2 __m256i between(__m256i c, char low, char high)
{
    return _mm256_and_si256(_mm256_cmpgt_epi8(c, _mm256_set1_epi8((char)(low - 1))),
                            _mm256_cmpgt_epi8(_mm256_set1_epi8((char)(high + 1)), c));
}

static inline AVX2 __m256i when(__m256i mask, int value)
{
    return _mm256_and_si256(mask, _mm256_set1_epi8((char)value));
}

/* 32 characters to 32 six-bit values; `*known` has 0xff where the character is in the alphabet. */
static inline AVX2 __m256i values_of(__m256i c, __m256i *known)
{
    __m256i upper = between(c, 'A', 'Z'), lower = between(c, 'a', 'z'), digit = between(c, '0', '9');
    __m256i minus = _mm256_cmpeq_epi8(c, _mm256_set1_epi8('-'));
    __m256i under = _mm256_cmpeq_epi8(c, _mm256_set1_epi8('_'));
    __m256i letter = _mm256_or_si256(upper, lower);
    __m256i other = _mm256_or_si256(_mm256_or_si256(minus, under), digit);
    *known = _mm256_or_si256(letter, other);
    __m256i shift = _mm256_or_si256(_mm256_or_si256(when(upper, 0 - 'A'), when(lower, 26 - 'a')),
                                    _mm256_or_si256(when(digit, 52 - '0'),
                                                    _mm256_or_si256(when(minus, 62 - '-'), when(under, 63 - '_'))));
    return _mm256_add_epi8(c, shift);
}

AVX2 size_t jf_base64url_decode_avx2(const uint8_t *text, size_t length, uint8_t *out)
{
    /* In each 128-bit half: four groups of 24 bits, turned to network order and packed into the low 12 bytes. */
    const __m256i pack = _mm256_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1,
                                          2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
    const __m256i join = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7);
    size_t done = 0;
    for (; length - done >= 32; done += 32, out += 24) {
        __m256i known, v = values_of(_mm256_loadu_si256((const __m256i *)(text + done)), &known);
        if (_mm256_movemask_epi8(known) != -1)
            break;
        v = _mm256_maddubs_epi16(v, _mm256_set1_epi32(0x01400140));
        v = _mm256_madd_epi16(v, _mm256_set1_epi32(0x00011000));
        v = _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(v, pack), join);
        /* Exactly 24 bytes, so that the caller's buffer needs no slack. */
        _mm_storeu_si128((__m128i *)out, _mm256_castsi256_si128(v));
        _mm_storel_epi64((__m128i *)(out + 16), _mm256_extracti128_si256(v, 1));
    }
    return done;
}

/* 32 six-bit values to characters. */
static inline AVX2 __m256i characters_of(__m256i v)
{
    __m256i lower = _mm256_cmpgt_epi8(v, _mm256_set1_epi8(25)), digit = _mm256_cmpgt_epi8(v, _mm256_set1_epi8(51));
    __m256i minus = _mm256_cmpeq_epi8(v, _mm256_set1_epi8(62)), under = _mm256_cmpeq_epi8(v, _mm256_set1_epi8(63));
    /* Each step's shift is what it adds to that of the step before. */
    __m256i c = _mm256_add_epi8(v, _mm256_set1_epi8('A'));
    c = _mm256_add_epi8(c, when(lower, ('a' - 26) - 'A'));
    c = _mm256_add_epi8(c, when(digit, ('0' - 52) - ('a' - 26)));
    c = _mm256_add_epi8(c, when(minus, ('-' - 62) - ('0' - 52)));
    return _mm256_add_epi8(c, when(under, ('_' - 63) - ('0' - 52)));
}

AVX2 size_t jf_base64url_encode_avx2(const uint8_t *data, size_t length, uint8_t *out)
{
    /* Each 24-bit group abc becomes the bytes b a c b, from which two multiplications cut the four values. */
    const __m256i spread = _mm256_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10,
                                            1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
    size_t done = 0;
    for (; length - done >= 28; done += 24, out += 32) { /* the second load reads 4 bytes past what is used */
        __m256i v = _mm256_set_m128i(_mm_loadu_si128((const __m128i *)(data + done + 12)),
                                     _mm_loadu_si128((const __m128i *)(data + done)));
        v = _mm256_shuffle_epi8(v, spread);
        __m256i odd = _mm256_mulhi_epu16(_mm256_and_si256(v, _mm256_set1_epi32(0x0fc0fc00)),
                                         _mm256_set1_epi32(0x04000040));
        __m256i even = _mm256_mullo_epi16(_mm256_and_si256(v, _mm256_set1_epi32(0x003f03f0)),
                                          _mm256_set1_epi32(0x01000010));
        _mm256_storeu_si256((__m256i *)out, characters_of(_mm256_or_si256(odd, even)));
    }
    return done;
}

#else
typedef int jf_base64url_avx2_not_here; /* C11 wants something in every translation unit */
#endif

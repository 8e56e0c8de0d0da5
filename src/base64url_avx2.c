#include "base64url.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

static inline AVX2 __m256i both_halves(__m128i half)
{
    return _mm256_broadcastsi128_si256(half);
}

/* 32 characters to 32 six-bit values; gives whether all of them are in the alphabet.
 *
 * Each character is looked at by its two halves of four bits. The upper one puts it in a class, which is a bit; for each
 * lower one there is the set of classes in which it makes no character of the alphabet. */
static inline AVX2 int values_of(__m256i c, __m256i *values)
{
    enum { MINUS = 1, DIGIT = 2, A_TO_O = 4, P_TO_Z = 8, LOWER_P_TO_Z = 16, NONE = 32 };
    const __m256i class_of = both_halves(_mm_setr_epi8(NONE, NONE, MINUS, DIGIT, A_TO_O, P_TO_Z, A_TO_O, LOWER_P_TO_Z,
                                                       NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE));
    enum {
        TO_9 = NONE | MINUS, TO_A = TO_9 | DIGIT, FROM_B = TO_A | P_TO_Z | LOWER_P_TO_Z
    };
    const __m256i not_in = both_halves(_mm_setr_epi8(TO_9 | A_TO_O, TO_9, TO_9, TO_9, TO_9, TO_9, TO_9, TO_9, TO_9, TO_9,
                                                     TO_A, FROM_B, FROM_B, FROM_B & ~MINUS, FROM_B, FROM_B & ~P_TO_Z));
    /* What leads from a character to its value, by the upper half; the underscore stands among P to Z. */
    const __m256i shift_by = both_halves(_mm_setr_epi8(0, 0, 62 - '-', 52 - '0', 0 - 'A', 0 - 'A', 26 - 'a', 26 - 'a',
                                                       0, 0, 0, 0, 0, 0, 0, 0));
    __m256i upper = _mm256_and_si256(_mm256_srli_epi32(c, 4), _mm256_set1_epi8(0x0f));
    __m256i lower = _mm256_and_si256(c, _mm256_set1_epi8(0x0f));
    __m256i underscore = _mm256_cmpeq_epi8(c, _mm256_set1_epi8('_'));
    __m256i shift = _mm256_blendv_epi8(_mm256_shuffle_epi8(shift_by, upper), _mm256_set1_epi8(63 - '_'), underscore);
    *values = _mm256_add_epi8(c, shift);
    return _mm256_testz_si256(_mm256_shuffle_epi8(class_of, upper), _mm256_shuffle_epi8(not_in, lower));
}

/* 32 characters to exactly 24 bytes, so that the caller's buffer needs no slack; or 0 and none. */
static inline AVX2 int decode_block(const uint8_t *text, uint8_t *out)
{
    /* In each 128-bit half: four groups of 24 bits, turned to network order and packed into the low 12 bytes. */
    const __m256i pack = both_halves(_mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1));
    const __m256i join = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7);
    __m256i v;
    if (!values_of(_mm256_loadu_si256((const __m256i *)text), &v))
        return 0;
    v = _mm256_maddubs_epi16(v, _mm256_set1_epi32(0x01400140));
    v = _mm256_madd_epi16(v, _mm256_set1_epi32(0x00011000));
    v = _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(v, pack), join);
    _mm_storeu_si128((__m128i *)out, _mm256_castsi256_si128(v));
    _mm_storel_epi64((__m128i *)(out + 16), _mm256_extracti128_si256(v, 1));
    return 1;
}

AVX2 size_t jf_base64url_decode_avx2(const uint8_t *text, size_t length, uint8_t *out)
{
    size_t done = 0, whole = length / 4 * 4;
    if (length < 32)
        return 0;
    for (; length - done >= 32; done += 32)
        if (!decode_block(text + done, out + done / 4 * 3))
            return done;
    /* What is left is decoded with some characters before it once more. */
    return decode_block(text + whole - 32, out + (whole - 32) / 4 * 3) ? whole : done;
}

static inline AVX2 __m256i when(__m256i mask, int value)
{
    return _mm256_and_si256(mask, _mm256_set1_epi8((char)value));
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

/* Exactly 24 bytes to 32 characters. */
static inline AVX2 void encode_block(const uint8_t *data, uint8_t *out)
{
    /* Each 24-bit group abc becomes the bytes b a c b, from which two multiplications cut the four values. The upper half
     * was loaded from four bytes before its own twelve, so that nothing past the data is read. */
    const __m256i spread = _mm256_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10,
                                            5, 4, 6, 5, 8, 7, 9, 8, 11, 10, 12, 11, 14, 13, 15, 14);
    __m256i v = _mm256_set_m128i(_mm_loadu_si128((const __m128i *)(data + 8)), _mm_loadu_si128((const __m128i *)data));
    v = _mm256_shuffle_epi8(v, spread);
    __m256i odd = _mm256_mulhi_epu16(_mm256_and_si256(v, _mm256_set1_epi32(0x0fc0fc00)), _mm256_set1_epi32(0x04000040));
    __m256i even = _mm256_mullo_epi16(_mm256_and_si256(v, _mm256_set1_epi32(0x003f03f0)),
                                      _mm256_set1_epi32(0x01000010));
    _mm256_storeu_si256((__m256i *)out, characters_of(_mm256_or_si256(odd, even)));
}

AVX2 size_t jf_base64url_encode_avx2(const uint8_t *data, size_t length, uint8_t *out)
{
    size_t done = 0, whole = length / 3 * 3;
    if (length < 24)
        return 0;
    for (; length - done >= 24; done += 24)
        encode_block(data + done, out + done / 3 * 4);
    /* What is left is encoded with some bytes before it once more. */
    encode_block(data + whole - 24, out + (whole - 24) / 3 * 4);
    return whole;
}

#else
typedef int jf_base64url_avx2_not_here; /* C11 wants something in every translation unit */
#endif

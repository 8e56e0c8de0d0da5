#include "base64url.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#define VBMI __attribute__((target("avx512f,avx512bw,avx512vbmi")))

/* Of 16 groups of four octets that hold 24 bits each, these in network order. The last 16 octets count for nothing. */
static const uint8_t PACK[64] __attribute__((aligned(64))) = {
    2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, 18, 17, 16, 22, 21, 20, 26, 25, 24, 30, 29, 28,
    34, 33, 32, 38, 37, 36, 42, 41, 40, 46, 45, 44, 50, 49, 48, 54, 53, 52, 58, 57, 56, 62, 61, 60,
};

/* Each 24-bit group abc becomes the octets b a c b, in which each of the four values is six neighbouring bits. */
static const uint8_t SPREAD[64] __attribute__((aligned(64))) = {
    1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10, 13, 12, 14, 13, 16, 15, 17, 16,
    19, 18, 20, 19, 22, 21, 23, 22, 25, 24, 26, 25, 28, 27, 29, 28, 31, 30, 32, 31, 34, 33, 35, 34,
    37, 36, 38, 37, 40, 39, 41, 40, 43, 42, 44, 43, 46, 45, 47, 46,
};

static inline VBMI __mmask64 lowest(size_t count)
{
    return count < 64 ? (UINT64_C(1) << count) - 1 : ~UINT64_C(0);
}

/* Up to 64 characters, as many as `mask` has bits, to three quarters as many bytes; gives what has its top bit set where
 * one is not in the alphabet. */
static inline VBMI __m512i decode_block(const uint8_t *text, __mmask64 mask, size_t bytes, uint8_t *out)
{
    /* What is not read is an A. Characters that are not ASCII find some value, but have their own top bit. */
    __m512i c = _mm512_mask_loadu_epi8(_mm512_set1_epi8('A'), mask, text);
    __m512i values = _mm512_permutex2var_epi8(_mm512_loadu_si512(jf_base64url_value), c,
                                             _mm512_loadu_si512(jf_base64url_value + 64));
    __m512i v = _mm512_maddubs_epi16(values, _mm512_set1_epi32(0x01400140));
    v = _mm512_madd_epi16(v, _mm512_set1_epi32(0x00011000));
    _mm512_mask_storeu_epi8(out, lowest(bytes), _mm512_permutexvar_epi8(_mm512_load_si512(PACK), v));
    return _mm512_or_si512(c, values);
}

VBMI size_t jf_base64url_decode_avx512vbmi(const uint8_t *text, size_t length, uint8_t *out)
{
    size_t done = 0, whole = length / 4 * 4;
    __m512i bad = _mm512_setzero_si512();
    for (; whole - done >= 64; done += 64)
        bad = _mm512_or_si512(bad, decode_block(text + done, lowest(64), 48, out + done / 4 * 3));
    if (whole > done)
        bad = _mm512_or_si512(bad, decode_block(text + done, lowest(whole - done), (whole - done) / 4 * 3,
                                                out + done / 4 * 3));
    return _mm512_movepi8_mask(bad) ? 0 : whole;
}

/* Up to 48 bytes, as many as `mask` has bits, to four thirds as many characters. */
static inline VBMI void encode_block(const uint8_t *data, __mmask64 mask, size_t characters, uint8_t *out)
{
    /* Where the values begin in each eight octets, in bits. */
    const __m512i begin = _mm512_set1_epi64(0x3036242a1016040a);
    __m512i v = _mm512_permutexvar_epi8(_mm512_load_si512(SPREAD), _mm512_maskz_loadu_epi8(mask, data));
    v = _mm512_multishift_epi64_epi8(begin, v);
    /* The upper two bits of each octet, which are those of its neighbour, don't count here. */
    v = _mm512_permutexvar_epi8(v, _mm512_loadu_si512(jf_base64url_alphabet));
    _mm512_mask_storeu_epi8(out, lowest(characters), v);
}

VBMI size_t jf_base64url_encode_avx512vbmi(const uint8_t *data, size_t length, uint8_t *out)
{
    size_t done = 0, whole = length / 3 * 3;
    for (; whole - done >= 48; done += 48)
        encode_block(data + done, lowest(48), 64, out + done / 3 * 4);
    if (whole > done)
        encode_block(data + done, lowest(whole - done), (whole - done) / 3 * 4, out + done / 3 * 4);
    return whole;
}

#else
typedef int jf_base64url_avx512vbmi_not_here; /* C11 wants something in every translation unit */
#endif

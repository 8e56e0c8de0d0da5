#include "json_scan.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#define JF_JSON_TARGET __attribute__((target("avx2,bmi")))

/* A bit for each of the 32 octets at `p` that is marked: a quote, a backslash, below 0x20, or not ASCII. */
static inline JF_JSON_TARGET uint32_t marks(const uint8_t *p)
{
    __m256i c = _mm256_loadu_si256((const __m256i *)p);
    __m256i quote = _mm256_cmpeq_epi8(c, _mm256_set1_epi8('"')), backslash = _mm256_cmpeq_epi8(c, _mm256_set1_epi8('\\'));
    /* The compare is signed: what is not ASCII is below 0x20 too. */
    __m256i other = _mm256_cmpgt_epi8(_mm256_set1_epi8(0x20), c);
    return (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(_mm256_or_si256(quote, backslash), other));
}

/* A bit for each of the 16 octets at `p` that is no digit. */
static inline JF_JSON_TARGET uint32_t others(const uint8_t *p)
{
    /* '0' to '9' moved to the lowest ten of the signed numbers. */
    __m128i c = _mm_add_epi8(_mm_loadu_si128((const __m128i *)p), _mm_set1_epi8((char)(-128 - '0')));
    return (uint32_t)_mm_movemask_epi8(_mm_cmpgt_epi8(_mm_set1_epi8(-128 + 10), c)) ^ 0xffff;
}

/* The place of the lowest bit. Where it is the guess, what comes next need not wait for `bits`: there has to be a branch,
 * which the store sees to. */
static inline JF_JSON_TARGET size_t lowest_near(uint32_t bits, uint8_t *guess)
{
    unsigned expected = jf_json_guess(guess) & 31;
    if (__builtin_expect((bits & ((UINT32_C(2) << expected) - 1)) == UINT32_C(1) << expected, 1))
        return expected;
    unsigned place = (unsigned)__builtin_ctz(bits);
    jf_json_learn(guess, place);
    return place;
}

static inline JF_JSON_TARGET const uint8_t *plain_end(const uint8_t *p)
{
    uint32_t bits;
    while (!(bits = marks(p)))
        p += 32;
    return p + __builtin_ctz(bits);
}

static inline JF_JSON_TARGET const uint8_t *plain_end_near(const uint8_t *p, uint8_t *guess)
{
    uint32_t bits;
    while (!(bits = marks(p)))
        p += 32;
    return p + lowest_near(bits, guess);
}

static inline JF_JSON_TARGET const uint8_t *digits_end(const uint8_t *p)
{
    uint32_t bits;
    while (!(bits = others(p)))
        p += 16;
    return p + __builtin_ctz(bits);
}

static inline JF_JSON_TARGET const uint8_t *digits_end_near(const uint8_t *p, uint8_t *guess)
{
    uint32_t bits;
    while (!(bits = others(p)))
        p += 16;
    return p + lowest_near(bits, guess);
}

#include "json_scan_body.h"

JF_JSON_TARGET jf_json_result jf_json_scan_avx2(const uint8_t *text, size_t length, int flags,
                                                const jf_json_names *names, jf_json_guesses *guesses,
                                                jf_json_value *found, size_t *members)
{
    return scan_text(text, length, flags, names, guesses, found, members);
}

JF_JSON_TARGET const uint8_t *jf_json_read_avx2(const uint8_t *at, jf_json_value *value)
{
    return read_text(at, value);
}

#else
typedef int jf_json_scan_avx2_not_here; /* C11 wants something in every translation unit */
#endif

#include "montgomery.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#define IFMA __attribute__((target("avx512f,avx512ifma,bmi2")))
#define MAX_REGISTERS (JF_MAX_LIMBS / JF_LIMBS_TOGETHER)

/* Adds to each sum the low, or the high, 52 bits of a limb's product with one factor. */
static inline IFMA void add_low(__m512i *sums, __m512i factor, const uint64_t *limbs, size_t registers)
{
    for (size_t k = 0; k < registers; k++)
        sums[k] = _mm512_madd52lo_epu64(sums[k], factor, _mm512_loadu_si512(limbs + k * JF_LIMBS_TOGETHER));
}

static inline IFMA void add_high(__m512i *sums, __m512i factor, const uint64_t *limbs, size_t registers)
{
    for (size_t k = 0; k < registers; k++)
        sums[k] = _mm512_madd52hi_epu64(sums[k], factor, _mm512_loadu_si512(limbs + k * JF_LIMBS_TOGETHER));
}

/* Sums become limbs: each passes what is above its 52 bits to the next. Few then overflow again, but such a carry runs
 * on through limbs that are all ones: as if the masks of those that overflow and of those that are full were added. */
static inline IFMA void carry(uint64_t *product, const __m512i *sums, size_t registers)
{
    const __m512i full = _mm512_set1_epi64((long long)JF_LIMB_MASK);
    __m512i below = _mm512_setzero_si512();
    unsigned carries = 0;
    for (size_t k = 0; k < registers; k++) {
        __m512i above = _mm512_srli_epi64(sums[k], JF_LIMB_BITS);
        __m512i limbs = _mm512_add_epi64(_mm512_and_si512(sums[k], full), _mm512_alignr_epi64(above, below, 7));
        unsigned are_full = _mm512_cmpeq_epu64_mask(limbs, full);
        carries += ((unsigned)_mm512_cmpgt_epu64_mask(limbs, full) << 1) + are_full;
        limbs = _mm512_mask_sub_epi64(limbs, (__mmask8)(carries ^ are_full), limbs, full);
        carries >>= 8;
        below = above;
        _mm512_storeu_si512(product + k * JF_LIMBS_TOGETHER, _mm512_and_si512(limbs, full));
    }
}

/* A sum grows by less than 2^54 in each step and is done after at most JF_MAX_LIMBS of them: it stays below 2^62. The
 * lowest one is kept beside the registers too, since the next step waits for it; what the first lane holds is of no use
 * until it has been moved there. */
static inline __attribute__((always_inline)) IFMA void multiply(uint64_t *product, const uint64_t *a, const uint64_t *b,
                                                                const jf_modulus *modulus, size_t registers)
{
    __m512i sums[MAX_REGISTERS];
    uint64_t lowest = 0;
    for (size_t k = 0; k < registers; k++)
        sums[k] = _mm512_setzero_si512();
    for (size_t i = 0; i < registers * JF_LIMBS_TOGETHER; i++) {
        unsigned __int128 sum = (unsigned __int128)a[0] * b[i] + lowest;
        uint64_t times = (uint64_t)sum * modulus->inverse & JF_LIMB_MASK; /* so much of n makes its low limb zero */
        __m512i limb = _mm512_set1_epi64((long long)b[i]), multiple = _mm512_set1_epi64((long long)times);
        sum += (unsigned __int128)times * modulus->n[0];
        add_low(sums, limb, a, registers);
        add_low(sums, multiple, modulus->n, registers);
        for (size_t k = 0; k + 1 < registers; k++)
            sums[k] = _mm512_alignr_epi64(sums[k + 1], sums[k], 1);
        sums[registers - 1] = _mm512_alignr_epi64(_mm512_setzero_si512(), sums[registers - 1], 1);
        lowest = (uint64_t)(sum >> JF_LIMB_BITS) + (uint64_t)_mm_cvtsi128_si64(_mm512_castsi512_si128(sums[0]));
        add_high(sums, limb, a, registers);
        add_high(sums, multiple, modulus->n, registers);
    }
    sums[0] = _mm512_mask_set1_epi64(sums[0], 1, (long long)lowest);
    carry(product, sums, registers);
}

/* For keys of 2,048, 3,072 and 4,096 bits the sums stay in registers. */
IFMA void jf_montgomery_multiply_avx512ifma(uint64_t *product, const uint64_t *a, const uint64_t *b,
                                            const jf_modulus *modulus)
{
    switch (modulus->limbs / JF_LIMBS_TOGETHER) {
    case 5:
        multiply(product, a, b, modulus, 5);
        break;
    case 8:
        multiply(product, a, b, modulus, 8);
        break;
    case 10:
        multiply(product, a, b, modulus, 10);
        break;
    default:
        multiply(product, a, b, modulus, modulus->limbs / JF_LIMBS_TOGETHER);
    }
}

#endif

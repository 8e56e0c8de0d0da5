/* Montgomery multiplication (P. L. Montgomery, 1985) of large numbers, which RSA's public operation consists of.
 *
 * A number has its limbs of 52 bits in 64, the least significant first, in whole registers of eight. With R = 2^(52 *
 * limbs) and an odd modulus n below R/4, a kernel gives a number below 2n that equals a * b / R modulo n, for any two
 * that are below 2n themselves. Nothing here is secret: the time taken may depend on all of it.
 *
 * There is no portable kernel: of what was tried, only vectors of 52-bit products are faster than the OpenSSL that the
 * cryptography package comes with. */
#ifndef JF_MONTGOMERY_H
#define JF_MONTGOMERY_H

#include <stddef.h>
#include <stdint.h>

#define JF_LIMB_BITS 52
#define JF_LIMB_MASK ((UINT64_C(1) << JF_LIMB_BITS) - 1)
#define JF_LIMBS_TOGETHER 8
#define JF_MAX_LIMBS 160 /* for 8,192 bits and the two more that keep n below R/4 */

typedef struct {
    size_t limbs;     /* at most JF_MAX_LIMBS; a multiple of JF_LIMBS_TOGETHER */
    uint64_t inverse; /* -1/n modulo 2^52 */
    uint64_t n[JF_MAX_LIMBS];
} jf_modulus;

/* `product` may be `a` or `b`, or both. NULL where no kernel is worth it. */
typedef void (*jf_montgomery_multiply)(uint64_t *product, const uint64_t *a, const uint64_t *b,
                                       const jf_modulus *modulus);

#if defined(__x86_64__) && defined(__GNUC__)
void jf_montgomery_multiply_avx512ifma(uint64_t *product, const uint64_t *a, const uint64_t *b,
                                       const jf_modulus *modulus);
#endif

#endif

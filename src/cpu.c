#include "cpu.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <cpuid.h>

/* XCR0: which register files the operating system saves. AVX2 needs those of SSE (bit 1) and AVX (bit 2), AVX-512 those
 * of its masks and of the other halves and registers too (bits 5 to 7). */
static unsigned xcr0(void)
{
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

unsigned jf_cpu_isas(void)
{
    unsigned a, b, c, d, isas = 0;
    if (!__get_cpuid(1, &a, &b, &c, &d))
        return 0;
    unsigned ssse3 = c & bit_SSSE3, sse41 = c & bit_SSE4_1, osxsave = c & bit_OSXSAVE;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d))
        return 0;
    unsigned saved = osxsave ? xcr0() : 0, ymm = (saved & 6) == 6, zmm = (saved & 0xe6) == 0xe6 && (b & bit_AVX512F);
    if (ymm && (b & bit_AVX2) && (b & bit_BMI))
        isas |= JF_ISA_AVX2;
    if (zmm && (b & bit_AVX512BW))
        isas |= JF_ISA_AVX512;
    if (zmm && (b & bit_AVX512IFMA) && (b & bit_BMI2))
        isas |= JF_ISA_AVX512IFMA;
    if (zmm && (b & bit_AVX512BW) && (c & bit_AVX512VBMI))
        isas |= JF_ISA_AVX512VBMI;
    if ((b & bit_SHA) && ssse3 && sse41)
        isas |= JF_ISA_SHANI;
    return isas;
}

#else

unsigned jf_cpu_isas(void)
{
    return 0;
}

#endif

void jf_kernels_fill(jf_kernels *kernels, unsigned isas)
{
    kernels->sha256_blocks = jf_sha256_blocks_portable;
    kernels->sha256_nested = jf_sha256_nested_portable;
    kernels->sha256_blocks_many = jf_sha256_blocks_many_portable;
    kernels->sha256_nested_wide = NULL;
    kernels->sha512_blocks = jf_sha512_blocks_portable;
    kernels->base64url_decode = jf_base64url_decode_none;
    kernels->base64url_encode = jf_base64url_encode_none;
    kernels->json_scan = jf_json_scan_portable;
    kernels->json_read = jf_json_read_portable;
    kernels->montgomery_multiply = NULL;
#if defined(__x86_64__) && defined(__GNUC__)
    if (isas & JF_ISA_AVX2) {
        kernels->base64url_decode = jf_base64url_decode_avx2;
        kernels->base64url_encode = jf_base64url_encode_avx2;
        kernels->json_scan = jf_json_scan_avx2;
        kernels->json_read = jf_json_read_avx2;
    }
    if (isas & JF_ISA_SHANI) {
        kernels->sha256_blocks = jf_sha256_blocks_shani;
        kernels->sha256_nested = jf_sha256_nested_shani;
        kernels->sha256_blocks_many = jf_sha256_blocks_many_shani;
    }
    if (isas & JF_ISA_AVX512)
        kernels->sha256_nested_wide = jf_sha256_nested_wide_avx512;
    if (isas & JF_ISA_AVX512IFMA)
        kernels->montgomery_multiply = jf_montgomery_multiply_avx512ifma;
    if (isas & JF_ISA_AVX512VBMI) {
        kernels->base64url_decode = jf_base64url_decode_avx512vbmi;
        kernels->base64url_encode = jf_base64url_encode_avx512vbmi;
    }
#else
    (void)isas;
#endif
}

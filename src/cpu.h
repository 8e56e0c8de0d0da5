/* What this machine's CPU offers, and the table of kernels chosen from it.
 *
 * The table is filled once, at import, and passed by pointer from then on: no dispatch per call, no global state. */
#ifndef JF_CPU_H
#define JF_CPU_H

#include "base64url.h"
#include "json_scan.h"
#include "montgomery.h"
#include "sha2.h"

typedef struct jf_kernels {
    jf_sha256_blocks sha256_blocks;
    jf_sha256_nested sha256_nested;
    jf_sha256_blocks_many sha256_blocks_many;
    jf_sha256_nested_wide sha256_nested_wide; /* NULL where nothing is faster than sha256_blocks_many */
    jf_sha512_blocks sha512_blocks;
    jf_base64url_bulk base64url_decode;
    jf_base64url_bulk base64url_encode;
    jf_json_scanner json_scan;
    jf_json_reader json_read;
    jf_montgomery_multiply montgomery_multiply;
} jf_kernels;

/* Instruction sets that have kernels of their own. */
enum { JF_ISA_AVX2 = 1, JF_ISA_SHANI = 2, JF_ISA_AVX512 = 4, JF_ISA_AVX512IFMA = 8, JF_ISA_AVX512VBMI = 16 };

/* The sets that the CPU has and the operating system keeps the registers of. */
unsigned jf_cpu_isas(void);

/* Fills the table with the best kernels that need no other sets than `isas`; 0 is the portable code alone. */
void jf_kernels_fill(jf_kernels *kernels, unsigned isas);

#endif

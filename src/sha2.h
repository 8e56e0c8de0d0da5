/* SHA-256, SHA-384 and SHA-512 (FIPS 180-4), one message in one piece, from any midstate.
 *
 * A block function takes any number of whole blocks; all kernels of one give bit-identical states. */
#ifndef JF_SHA2_H
#define JF_SHA2_H

#include <stddef.h>
#include <stdint.h>

struct jf_kernels;

typedef enum { JF_SHA256, JF_SHA384, JF_SHA512 } jf_sha2_id;

#define JF_SHA2_MAX_BLOCK 128
#define JF_SHA2_MAX_DIGEST 64

typedef union {
    uint32_t w32[8]; /* SHA-256 */
    uint64_t w64[8]; /* SHA-384 and SHA-512 */
} jf_sha2_state;

typedef void (*jf_sha256_blocks)(uint32_t state[8], const uint8_t *data, size_t blocks);
typedef void (*jf_sha512_blocks)(uint64_t state[8], const uint8_t *data, size_t blocks);

size_t jf_sha2_digest_size(jf_sha2_id id);
size_t jf_sha2_block_size(jf_sha2_id id);
void jf_sha2_init(jf_sha2_id id, jf_sha2_state *state);

/* Takes one whole block into the state. */
void jf_sha2_block(const struct jf_kernels *kernels, jf_sha2_id id, jf_sha2_state *state, const uint8_t *block);

/* Hashes the rest of a message and pads it. `before` is the number of octets, whole blocks all, that the state holds
 * already. The state is consumed. */
void jf_sha2_finish(const struct jf_kernels *kernels, jf_sha2_id id, jf_sha2_state *state, uint64_t before,
                    const uint8_t *data, size_t length, uint8_t *digest);

extern const uint32_t JF_SHA256_K[64];

void jf_sha256_blocks_portable(uint32_t state[8], const uint8_t *data, size_t blocks);
void jf_sha512_blocks_portable(uint64_t state[8], const uint8_t *data, size_t blocks);
#if defined(__x86_64__) && defined(__GNUC__)
void jf_sha256_blocks_shani(uint32_t state[8], const uint8_t *data, size_t blocks);
#endif

#endif

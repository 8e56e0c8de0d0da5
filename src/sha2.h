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

/* Several messages at once, at most JF_SHA256_MESSAGES of them: blocks[i] blocks at data[i] for state[i]. What is slow
 * with one is the wait for its own last result. */
typedef void (*jf_sha256_blocks_many)(uint32_t *const *state, const uint8_t *const *data, const size_t *blocks,
                                      size_t messages);

#define JF_SHA256_MESSAGES 16

/* The two hashes of an HMAC in one go: that of the message, which `inner` has begun with one block, and that of its
 * digest, which `outer` has begun with one block. A single message waits for each step of the way. */
typedef void (*jf_sha256_nested)(const uint32_t inner[8], const uint32_t outer[8], const uint8_t *message, size_t length,
                                 uint8_t digest[32]);

/* The same of several messages at once, at most JF_SHA256_MESSAGES of them, and best of nearly as many. */
typedef void (*jf_sha256_nested_wide)(const uint32_t *const *inner, const uint32_t *const *outer,
                                      const uint8_t *const *message, const size_t *length, uint8_t (*digest)[32],
                                      size_t messages);

static inline size_t jf_sha2_digest_size(jf_sha2_id id)
{
    return id == JF_SHA256 ? 32 : id == JF_SHA384 ? 48 : 64;
}

static inline size_t jf_sha2_block_size(jf_sha2_id id)
{
    return id == JF_SHA256 ? 64 : 128;
}

void jf_sha2_init(jf_sha2_id id, jf_sha2_state *state);

/* Takes whole blocks into the state. */
void jf_sha2_blocks(const struct jf_kernels *kernels, jf_sha2_id id, jf_sha2_state *state, const uint8_t *data,
                    size_t blocks);

/* Writes a message's last blocks: what is left of it after whole blocks, at most a block less one octet, and the padding.
 * `total` is the length of the message in octets. `tail` has room for two blocks; gives how many it took. */
size_t jf_sha2_pad(jf_sha2_id id, const uint8_t *rest, size_t length, uint64_t total, uint8_t *tail);

/* Writes the digest that a state is. */
void jf_sha2_digest(jf_sha2_id id, const jf_sha2_state *state, uint8_t *digest);

/* Hashes a message. */
void jf_sha2(const struct jf_kernels *kernels, jf_sha2_id id, const uint8_t *data, size_t length, uint8_t *digest);

extern const uint32_t JF_SHA256_K[64];

void jf_sha256_blocks_portable(uint32_t state[8], const uint8_t *data, size_t blocks);
void jf_sha256_blocks_many_portable(uint32_t *const *state, const uint8_t *const *data, const size_t *blocks,
                                    size_t messages);
void jf_sha256_nested_portable(const uint32_t inner[8], const uint32_t outer[8], const uint8_t *message, size_t length,
                               uint8_t digest[32]);
void jf_sha512_blocks_portable(uint64_t state[8], const uint8_t *data, size_t blocks);
#if defined(__x86_64__) && defined(__GNUC__)
void jf_sha256_blocks_shani(uint32_t state[8], const uint8_t *data, size_t blocks);
void jf_sha256_nested_shani(const uint32_t inner[8], const uint32_t outer[8], const uint8_t *message, size_t length,
                            uint8_t digest[32]);
void jf_sha256_blocks_many_shani(uint32_t *const *state, const uint8_t *const *data, const size_t *blocks,
                                 size_t messages);
void jf_sha256_nested_wide_avx512(const uint32_t *const *inner, const uint32_t *const *outer,
                                  const uint8_t *const *message, const size_t *length, uint8_t (*digest)[32],
                                  size_t messages);
#endif

#endif

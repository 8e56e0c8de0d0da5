#include "sha2.h"

#include <string.h>

#include "cpu.h"
#include "secret.h"

/* FIPS 180-4 sections 4.2 and 5.3: the fractional parts of the cube roots (K) and square roots (initial values) of
 * the first primes. */
const uint32_t JF_SHA256_K[64] = {
    0x428a2f98u, 0x71374491u, 0xb5c0fbcfu, 0xe9b5dba5u, 0x3956c25bu, 0x59f111f1u, 0x923f82a4u, 0xab1c5ed5u,
    0xd807aa98u, 0x12835b01u, 0x243185beu, 0x550c7dc3u, 0x72be5d74u, 0x80deb1feu, 0x9bdc06a7u, 0xc19bf174u,
    0xe49b69c1u, 0xefbe4786u, 0x0fc19dc6u, 0x240ca1ccu, 0x2de92c6fu, 0x4a7484aau, 0x5cb0a9dcu, 0x76f988dau,
    0x983e5152u, 0xa831c66du, 0xb00327c8u, 0xbf597fc7u, 0xc6e00bf3u, 0xd5a79147u, 0x06ca6351u, 0x14292967u,
    0x27b70a85u, 0x2e1b2138u, 0x4d2c6dfcu, 0x53380d13u, 0x650a7354u, 0x766a0abbu, 0x81c2c92eu, 0x92722c85u,
    0xa2bfe8a1u, 0xa81a664bu, 0xc24b8b70u, 0xc76c51a3u, 0xd192e819u, 0xd6990624u, 0xf40e3585u, 0x106aa070u,
    0x19a4c116u, 0x1e376c08u, 0x2748774cu, 0x34b0bcb5u, 0x391c0cb3u, 0x4ed8aa4au, 0x5b9cca4fu, 0x682e6ff3u,
    0x748f82eeu, 0x78a5636fu, 0x84c87814u, 0x8cc70208u, 0x90befffau, 0xa4506cebu, 0xbef9a3f7u, 0xc67178f2u,
};

static const uint64_t SHA512_K[80] = {
    0x428a2f98d728ae22u, 0x7137449123ef65cdu, 0xb5c0fbcfec4d3b2fu, 0xe9b5dba58189dbbcu,
    0x3956c25bf348b538u, 0x59f111f1b605d019u, 0x923f82a4af194f9bu, 0xab1c5ed5da6d8118u,
    0xd807aa98a3030242u, 0x12835b0145706fbeu, 0x243185be4ee4b28cu, 0x550c7dc3d5ffb4e2u,
    0x72be5d74f27b896fu, 0x80deb1fe3b1696b1u, 0x9bdc06a725c71235u, 0xc19bf174cf692694u,
    0xe49b69c19ef14ad2u, 0xefbe4786384f25e3u, 0x0fc19dc68b8cd5b5u, 0x240ca1cc77ac9c65u,
    0x2de92c6f592b0275u, 0x4a7484aa6ea6e483u, 0x5cb0a9dcbd41fbd4u, 0x76f988da831153b5u,
    0x983e5152ee66dfabu, 0xa831c66d2db43210u, 0xb00327c898fb213fu, 0xbf597fc7beef0ee4u,
    0xc6e00bf33da88fc2u, 0xd5a79147930aa725u, 0x06ca6351e003826fu, 0x142929670a0e6e70u,
    0x27b70a8546d22ffcu, 0x2e1b21385c26c926u, 0x4d2c6dfc5ac42aedu, 0x53380d139d95b3dfu,
    0x650a73548baf63deu, 0x766a0abb3c77b2a8u, 0x81c2c92e47edaee6u, 0x92722c851482353bu,
    0xa2bfe8a14cf10364u, 0xa81a664bbc423001u, 0xc24b8b70d0f89791u, 0xc76c51a30654be30u,
    0xd192e819d6ef5218u, 0xd69906245565a910u, 0xf40e35855771202au, 0x106aa07032bbd1b8u,
    0x19a4c116b8d2d0c8u, 0x1e376c085141ab53u, 0x2748774cdf8eeb99u, 0x34b0bcb5e19b48a8u,
    0x391c0cb3c5c95a63u, 0x4ed8aa4ae3418acbu, 0x5b9cca4f7763e373u, 0x682e6ff3d6b2b8a3u,
    0x748f82ee5defb2fcu, 0x78a5636f43172f60u, 0x84c87814a1f0ab72u, 0x8cc702081a6439ecu,
    0x90befffa23631e28u, 0xa4506cebde82bde9u, 0xbef9a3f7b2c67915u, 0xc67178f2e372532bu,
    0xca273eceea26619cu, 0xd186b8c721c0c207u, 0xeada7dd6cde0eb1eu, 0xf57d4f7fee6ed178u,
    0x06f067aa72176fbau, 0x0a637dc5a2c898a6u, 0x113f9804bef90daeu, 0x1b710b35131c471bu,
    0x28db77f523047d84u, 0x32caab7b40c72493u, 0x3c9ebe0a15c9bebcu, 0x431d67c49c100d4cu,
    0x4cc5d4becb3e42b6u, 0x597f299cfc657e2au, 0x5fcb6fab3ad6faecu, 0x6c44198c4a475817u,
};

static const uint32_t SHA256_START[8] = {
    0x6a09e667u, 0xbb67ae85u, 0x3c6ef372u, 0xa54ff53au, 0x510e527fu, 0x9b05688cu, 0x1f83d9abu, 0x5be0cd19u,
};

static const uint64_t SHA384_START[8] = {
    0xcbbb9d5dc1059ed8u, 0x629a292a367cd507u, 0x9159015a3070dd17u, 0x152fecd8f70e5939u,
    0x67332667ffc00b31u, 0x8eb44a8768581511u, 0xdb0c2e0d64f98fa7u, 0x47b5481dbefa4fa4u,
};

static const uint64_t SHA512_START[8] = {
    0x6a09e667f3bcc908u, 0xbb67ae8584caa73bu, 0x3c6ef372fe94f82bu, 0xa54ff53a5f1d36f1u,
    0x510e527fade682d1u, 0x9b05688c2b3e6c1fu, 0x1f83d9abfb41bd6bu, 0x5be0cd19137e2179u,
};

static inline uint32_t load32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t load64(const uint8_t *p)
{
    return (uint64_t)load32(p) << 32 | load32(p + 4);
}

static inline void store32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24), p[1] = (uint8_t)(v >> 16), p[2] = (uint8_t)(v >> 8), p[3] = (uint8_t)v;
}

static inline void store64(uint8_t *p, uint64_t v)
{
    store32(p, (uint32_t)(v >> 32));
    store32(p + 4, (uint32_t)v);
}

#define ROR32(x, n) ((x) >> (n) | (x) << (32 - (n)))
#define ROR64(x, n) ((x) >> (n) | (x) << (64 - (n)))
#define CH(e, f, g) ((g) ^ ((e) & ((f) ^ (g))))
#define MAJ(a, b, c) (((a) & (b)) | ((c) & ((a) | (b))))

/* One round with the working variables given in their current roles: eight rounds and the roles are back where they
 * began, so nothing is moved. */
#define ROUND(a, b, c, d, e, f, g, h, k, w, SUM0, SUM1)                                                                \
    do {                                                                                                               \
        (h) += SUM1(e) + CH(e, f, g) + (k) + (w);                                                                      \
        (d) += (h);                                                                                                    \
        (h) += SUM0(a) + MAJ(a, b, c);                                                                                 \
    } while (0)
#define EIGHT_ROUNDS(s, K, W, t, SUM0, SUM1)                                                                           \
    do {                                                                                                               \
        ROUND(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], K[t], W[(t) & 15], SUM0, SUM1);                          \
        ROUND(s[7], s[0], s[1], s[2], s[3], s[4], s[5], s[6], K[t + 1], W[(t + 1) & 15], SUM0, SUM1);                  \
        ROUND(s[6], s[7], s[0], s[1], s[2], s[3], s[4], s[5], K[t + 2], W[(t + 2) & 15], SUM0, SUM1);                  \
        ROUND(s[5], s[6], s[7], s[0], s[1], s[2], s[3], s[4], K[t + 3], W[(t + 3) & 15], SUM0, SUM1);                  \
        ROUND(s[4], s[5], s[6], s[7], s[0], s[1], s[2], s[3], K[t + 4], W[(t + 4) & 15], SUM0, SUM1);                  \
        ROUND(s[3], s[4], s[5], s[6], s[7], s[0], s[1], s[2], K[t + 5], W[(t + 5) & 15], SUM0, SUM1);                  \
        ROUND(s[2], s[3], s[4], s[5], s[6], s[7], s[0], s[1], K[t + 6], W[(t + 6) & 15], SUM0, SUM1);                  \
        ROUND(s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[0], K[t + 7], W[(t + 7) & 15], SUM0, SUM1);                  \
    } while (0)

#define SUM0_32(x) (ROR32(x, 2) ^ ROR32(x, 13) ^ ROR32(x, 22))
#define SUM1_32(x) (ROR32(x, 6) ^ ROR32(x, 11) ^ ROR32(x, 25))
#define SIGMA0_32(x) (ROR32(x, 7) ^ ROR32(x, 18) ^ (x) >> 3)
#define SIGMA1_32(x) (ROR32(x, 17) ^ ROR32(x, 19) ^ (x) >> 10)

void jf_sha256_blocks_portable(uint32_t state[8], const uint8_t *data, size_t blocks)
{
    for (; blocks; blocks--, data += 64) {
        uint32_t w[16], s[8];
        memcpy(s, state, sizeof s);
        for (int t = 0; t < 16; t++)
            w[t] = load32(data + 4 * t);
        EIGHT_ROUNDS(s, JF_SHA256_K, w, 0, SUM0_32, SUM1_32);
        EIGHT_ROUNDS(s, JF_SHA256_K, w, 8, SUM0_32, SUM1_32);
        for (int t = 16; t < 64; t += 16) {
            /* The schedule's sixteen live words sit in a ring. */
            for (int i = 0; i < 16; i++)
                w[i] += SIGMA0_32(w[(i + 1) & 15]) + w[(i + 9) & 15] + SIGMA1_32(w[(i + 14) & 15]);
            EIGHT_ROUNDS(s, JF_SHA256_K, w, t, SUM0_32, SUM1_32);
            EIGHT_ROUNDS(s, JF_SHA256_K, w, t + 8, SUM0_32, SUM1_32);
        }
        for (int i = 0; i < 8; i++)
            state[i] += s[i];
    }
}

void jf_sha256_blocks_many_portable(uint32_t *const *state, const uint8_t *const *data, const size_t *blocks,
                                    size_t messages)
{
    for (size_t i = 0; i < messages; i++)
        jf_sha256_blocks_portable(state[i], data[i], blocks[i]);
}

#define SUM0_64(x) (ROR64(x, 28) ^ ROR64(x, 34) ^ ROR64(x, 39))
#define SUM1_64(x) (ROR64(x, 14) ^ ROR64(x, 18) ^ ROR64(x, 41))
#define SIGMA0_64(x) (ROR64(x, 1) ^ ROR64(x, 8) ^ (x) >> 7)
#define SIGMA1_64(x) (ROR64(x, 19) ^ ROR64(x, 61) ^ (x) >> 6)

void jf_sha512_blocks_portable(uint64_t state[8], const uint8_t *data, size_t blocks)
{
    for (; blocks; blocks--, data += 128) {
        uint64_t w[16], s[8];
        memcpy(s, state, sizeof s);
        for (int t = 0; t < 16; t++)
            w[t] = load64(data + 8 * t);
        EIGHT_ROUNDS(s, SHA512_K, w, 0, SUM0_64, SUM1_64);
        EIGHT_ROUNDS(s, SHA512_K, w, 8, SUM0_64, SUM1_64);
        for (int t = 16; t < 80; t += 16) {
            for (int i = 0; i < 16; i++)
                w[i] += SIGMA0_64(w[(i + 1) & 15]) + w[(i + 9) & 15] + SIGMA1_64(w[(i + 14) & 15]);
            EIGHT_ROUNDS(s, SHA512_K, w, t, SUM0_64, SUM1_64);
            EIGHT_ROUNDS(s, SHA512_K, w, t + 8, SUM0_64, SUM1_64);
        }
        for (int i = 0; i < 8; i++)
            state[i] += s[i];
    }
}

void jf_sha2_init(jf_sha2_id id, jf_sha2_state *state)
{
    if (id == JF_SHA256)
        memcpy(state->w32, SHA256_START, sizeof state->w32);
    else
        memcpy(state->w64, id == JF_SHA384 ? SHA384_START : SHA512_START, sizeof state->w64);
}

void jf_sha2_blocks(const struct jf_kernels *kernels, jf_sha2_id id, jf_sha2_state *state, const uint8_t *data,
                    size_t blocks)
{
    if (id == JF_SHA256)
        kernels->sha256_blocks(state->w32, data, blocks);
    else
        kernels->sha512_blocks(state->w64, data, blocks);
}

/* Of constant size, these are few instructions. */
static inline size_t pad(const uint8_t *rest, size_t length, uint64_t total, uint8_t *tail, size_t size)
{
    /* 0x80, zeros, and the length in bits in 8 (16) octets, whose upper half no length in memory ever reaches. */
    size_t blocks = length + 1 + size / 8 > size ? 2 : 1;
    memset(tail, 0, 2 * size);
    if (length)
        memcpy(tail, rest, length);
    tail[length] = 0x80;
    store64(tail + blocks * size - 8, total * 8);
    return blocks;
}

size_t jf_sha2_pad(jf_sha2_id id, const uint8_t *rest, size_t length, uint64_t total, uint8_t *tail)
{
    return id == JF_SHA256 ? pad(rest, length, total, tail, 64) : pad(rest, length, total, tail, 128);
}

void jf_sha2_digest(jf_sha2_id id, const jf_sha2_state *state, uint8_t *digest)
{
    if (id == JF_SHA256)
        for (int i = 0; i < 8; i++)
            store32(digest + 4 * i, state->w32[i]);
    else
        for (int i = 0; i < (id == JF_SHA384 ? 6 : 8); i++)
            store64(digest + 8 * i, state->w64[i]);
}

void jf_sha256_nested_portable(const uint32_t inner[8], const uint32_t outer[8], const uint8_t *message, size_t length,
                               uint8_t digest[32])
{
    const size_t whole = length / 64, rest = length % 64;
    jf_sha2_state state;
    uint8_t tail[128];
    memcpy(state.w32, inner, sizeof state.w32);
    jf_sha256_blocks_portable(state.w32, message, whole);
    jf_sha256_blocks_portable(state.w32, tail, jf_sha2_pad(JF_SHA256, message + 64 * whole, rest, 64 + length, tail));
    jf_sha2_digest(JF_SHA256, &state, digest);
    memcpy(state.w32, outer, sizeof state.w32);
    jf_sha256_blocks_portable(state.w32, tail, jf_sha2_pad(JF_SHA256, digest, 32, 64 + 32, tail));
    jf_sha2_digest(JF_SHA256, &state, digest);
    jf_wipe(&state, sizeof state);
    jf_wipe(tail, 32); /* the inner digest */
}

void jf_sha2(const struct jf_kernels *kernels, jf_sha2_id id, const uint8_t *data, size_t length, uint8_t *digest)
{
    size_t whole = length / jf_sha2_block_size(id), done = whole * jf_sha2_block_size(id);
    uint8_t tail[2 * JF_SHA2_MAX_BLOCK];
    jf_sha2_state state;
    jf_sha2_init(id, &state);
    if (whole)
        jf_sha2_blocks(kernels, id, &state, data, whole);
    jf_sha2_blocks(kernels, id, &state, tail, jf_sha2_pad(id, data + done, length - done, length, tail));
    jf_sha2_digest(id, &state, digest);
    jf_wipe(tail, sizeof tail); /* what is hashed may be a secret: a long HMAC key */
    jf_wipe(&state, sizeof state);
}

#include "rsa.h"

#include "cpu.h"

#include <string.h>

/* Two limbs are thirteen octets. They are read and written by eight octets at a time, some of which lie before the
 * first: so much room there is. */
#define PAIR 13
#define ROOM 16
#define BUFFER (ROOM + JF_MAX_LIMBS / 2 * PAIR)

static uint64_t load64(const uint8_t *p)
{
    return (uint64_t)p[0] << 56 | (uint64_t)p[1] << 48 | (uint64_t)p[2] << 40 | (uint64_t)p[3] << 32
           | (uint64_t)p[4] << 24 | (uint64_t)p[5] << 16 | (uint64_t)p[6] << 8 | p[7];
}

static void store64(uint8_t *p, uint64_t word)
{
    for (int i = 0; i < 8; i++)
        p[i] = (uint8_t)(word >> (56 - 8 * i));
}

/* OS2IP (section 4.2), of at most JF_RSA_MAX_SIZE octets. */
static void to_limbs(uint64_t *limbs, size_t count, const uint8_t *octets, size_t size)
{
    uint8_t buffer[BUFFER];
    size_t width = ROOM + count / 2 * PAIR;
    memset(buffer, 0, width - size);
    memcpy(buffer + width - size, octets, size);
    for (size_t i = 0; i < count; i += 2) {
        const uint8_t *end = buffer + width - i / 2 * PAIR;
        limbs[i] = load64(end - 8) & JF_LIMB_MASK;
        limbs[i + 1] = load64(end - 14) >> 4 & JF_LIMB_MASK;
    }
}

/* I2OSP (section 4.1), of a number that is below 256^size. */
static void to_octets(uint8_t *octets, size_t size, const uint64_t *limbs, size_t count)
{
    uint8_t buffer[BUFFER];
    size_t width = ROOM + count / 2 * PAIR;
    for (size_t i = 0; i < count; i += 2) {
        uint8_t *end = buffer + width - i / 2 * PAIR;
        store64(end - 8, limbs[i] | limbs[i + 1] << JF_LIMB_BITS);
        store64(end - 16, limbs[i + 1] >> (64 - JF_LIMB_BITS));
    }
    memcpy(octets, buffer + width - size, size);
}

static int below(const uint64_t *a, const uint64_t *b, size_t limbs)
{
    while (limbs--)
        if (a[limbs] != b[limbs])
            return a[limbs] < b[limbs];
    return 0;
}

/* Of what is below 2n. */
static void reduce(uint64_t *a, const jf_modulus *modulus)
{
    uint64_t borrow = 0;
    if (below(a, modulus->n, modulus->limbs))
        return;
    for (size_t i = 0; i < modulus->limbs; i++) {
        uint64_t difference = a[i] - modulus->n[i] - borrow;
        borrow = difference >> 63;
        a[i] = difference & JF_LIMB_MASK;
    }
}

static void twice(uint64_t *a, const jf_modulus *modulus)
{
    uint64_t carry = 0;
    for (size_t i = 0; i < modulus->limbs; i++) {
        uint64_t doubled = a[i] << 1 | carry;
        carry = doubled >> JF_LIMB_BITS;
        a[i] = doubled & JF_LIMB_MASK;
    }
    reduce(a, modulus);
}

/* With w = 52 * limbs, which 32 divides, 2^w * 2^(w/32) is Montgomery's form of 2^(w/32): squared five times it is that
 * of 2^w = R. The doubling begins at the highest power of two that is below n. */
static void find_square(jf_rsa_key *key, size_t bits)
{
    size_t width = JF_LIMB_BITS * key->modulus.limbs;
    memset(key->square, 0, sizeof key->square);
    key->square[(bits - 1) / JF_LIMB_BITS] = UINT64_C(1) << (bits - 1) % JF_LIMB_BITS;
    for (size_t power = bits - 1; power < width + width / 32; power++)
        twice(key->square, &key->modulus);
    for (int i = 0; i < 5; i++)
        key->kernels->montgomery_multiply(key->square, key->square, key->square, &key->modulus);
}

/* Newton's iteration doubles how many low bits are right; of an odd number's own inverse three are. */
static uint64_t negative_inverse(uint64_t odd)
{
    uint64_t inverse = odd;
    for (int i = 0; i < 5; i++)
        inverse *= 2 - odd * inverse;
    return (0 - inverse) & JF_LIMB_MASK;
}

/* What EMSA-PKCS1-v1_5 and EMSA-PSS can't do without. */
static size_t least_size(jf_sha2_id hash)
{
    return 2 * jf_sha2_digest_size(hash) + 30;
}

int jf_rsa_key_init(jf_rsa_key *key, const struct jf_kernels *kernels, jf_rsassa scheme, jf_sha2_id hash,
                    const uint8_t *modulus, size_t size, uint64_t exponent)
{
    if (!kernels->montgomery_multiply || size < least_size(hash) || size > JF_RSA_MAX_SIZE || !modulus[0]
        || modulus[size - 1] % 2 == 0 || exponent < 3 || exponent % 2 == 0)
        return 0;
    key->kernels = kernels;
    key->scheme = scheme;
    key->hash = hash;
    key->size = size;
    key->exponent = exponent;
    for (key->top_bits = 1; modulus[0] >> key->top_bits;)
        key->top_bits++;
    size_t bits = 8 * (size - 1) + key->top_bits, together = JF_LIMB_BITS * JF_LIMBS_TOGETHER;
    key->modulus.limbs = (bits + 2 + together - 1) / together * JF_LIMBS_TOGETHER;
    to_limbs(key->modulus.n, key->modulus.limbs, modulus, size);
    key->modulus.inverse = negative_inverse(key->modulus.n[0]);
    find_square(key, bits);
    return 1;
}

int jf_rsa_public(const jf_rsa_key *key, const uint8_t *signature, uint8_t *message)
{
    jf_montgomery_multiply multiply = key->kernels->montgomery_multiply;
    const jf_modulus *modulus = &key->modulus;
    uint64_t base[JF_MAX_LIMBS], form[JF_MAX_LIMBS], power[JF_MAX_LIMBS];
    uint64_t bit = 1;
    to_limbs(base, modulus->limbs, signature, key->size);
    if (!below(base, modulus->n, modulus->limbs))
        return 0;
    multiply(form, base, key->square, modulus);
    memcpy(power, form, modulus->limbs * sizeof *form);
    while (key->exponent >> 1 >= bit << 1)
        bit <<= 1;
    for (; bit > 1; bit >>= 1) {
        multiply(power, power, power, modulus);
        if (key->exponent & bit)
            multiply(power, power, form, modulus);
    }
    /* The last factor is not in Montgomery's form, and takes the power out of it. */
    multiply(power, power, power, modulus);
    multiply(power, power, base, modulus);
    reduce(power, modulus);
    to_octets(message, key->size, power, modulus->limbs);
    return 1;
}

/* The DER of a DigestInfo up to the digest (section 9.2, note 1). */
static const uint8_t DIGEST_INFO[3][19] = {
    [JF_SHA256] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
                   0x00, 0x04, 0x20},
    [JF_SHA384] = {0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05,
                   0x00, 0x04, 0x30},
    [JF_SHA512] = {0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05,
                   0x00, 0x04, 0x40},
};

/* Section 8.2.2: the one encoded message that there is, compared as a whole; nothing of the signature's is parsed. */
static int is_pkcs1_v1_5(const jf_rsa_key *key, const uint8_t *encoded, const uint8_t *digest)
{
    uint8_t expected[JF_RSA_MAX_SIZE];
    size_t length = jf_sha2_digest_size(key->hash), prefix = sizeof DIGEST_INFO[0];
    size_t padding = key->size - prefix - length;
    memset(expected, 0xff, padding);
    expected[0] = 0x00;
    expected[1] = 0x01;
    expected[padding - 1] = 0x00;
    memcpy(expected + padding, DIGEST_INFO[key->hash], prefix);
    memcpy(expected + padding + prefix, digest, length);
    return memcmp(encoded, expected, key->size) == 0;
}

/* Takes away the mask that MGF1 (appendix B.2.1) makes of the seed. */
static void unmask(const jf_rsa_key *key, uint8_t *masked, size_t count, const uint8_t *seed)
{
    uint8_t input[JF_SHA2_MAX_DIGEST + 4], mask[JF_SHA2_MAX_DIGEST];
    size_t length = jf_sha2_digest_size(key->hash);
    memcpy(input, seed, length);
    memset(input + length, 0, 4);
    for (size_t done = 0; done < count; done += length) {
        jf_sha2(key->kernels, key->hash, input, length + 4, mask);
        for (size_t i = 0; i < length && done + i < count; i++)
            masked[done + i] ^= mask[i];
        input[length + 3]++; /* the largest key has no more than 32 */
    }
}

/* Sections 8.1.2 and 9.1.2. The encoded message is one bit shorter than the modulus: zeros, 01, the salt, the hash of
 * digest and salt, bc; all but the last two masked by that hash. */
static int is_pss(const jf_rsa_key *key, uint8_t *encoded, const uint8_t *digest)
{
    uint8_t input[8 + 2 * JF_SHA2_MAX_DIGEST], expected[JF_SHA2_MAX_DIGEST];
    size_t length = jf_sha2_digest_size(key->hash), size = key->size, zeros;
    unsigned bits = key->top_bits - 1;
    if (encoded[0] >> bits)
        return 0;
    if (!bits) {
        encoded++;
        size--;
        bits = 8;
    }
    const uint8_t *hash = encoded + size - 1 - length;
    if (encoded[size - 1] != 0xbc)
        return 0;
    unmask(key, encoded, size - 1 - length, hash);
    encoded[0] &= (uint8_t)(0xff >> (8 - bits));
    zeros = size - 2 * length - 2;
    for (size_t i = 0; i < zeros; i++)
        if (encoded[i])
            return 0;
    if (encoded[zeros] != 0x01)
        return 0;
    memset(input, 0, 8);
    memcpy(input + 8, digest, length);
    memcpy(input + 8 + length, encoded + zeros + 1, length);
    jf_sha2(key->kernels, key->hash, input, 8 + 2 * length, expected);
    return memcmp(hash, expected, length) == 0;
}

int jf_rsa_verify(const jf_rsa_key *key, const uint8_t *message, size_t length, const uint8_t *signature,
                  size_t signature_length)
{
    uint8_t encoded[JF_RSA_MAX_SIZE], digest[JF_SHA2_MAX_DIGEST];
    if (signature_length != key->size || !jf_rsa_public(key, signature, encoded))
        return 0;
    jf_sha2(key->kernels, key->hash, message, length, digest);
    return key->scheme == JF_RSASSA_PSS ? is_pss(key, encoded, digest) : is_pkcs1_v1_5(key, encoded, digest);
}

/* RSA signatures (RFC 8017): whether one is good, by the public key. Nothing here is secret. */
#ifndef JF_RSA_H
#define JF_RSA_H

#include <stddef.h>
#include <stdint.h>

#include "montgomery.h"
#include "sha2.h"

#define JF_RSA_MAX_SIZE 1024 /* octets of a modulus */

typedef enum {
    JF_RSASSA_PKCS1_V1_5, /* section 8.2 */
    JF_RSASSA_PSS         /* section 8.1; MGF1 has the same hash, and the salt is as long as it */
} jf_rsassa;

typedef struct {
    const struct jf_kernels *kernels;
    jf_rsassa scheme;
    jf_sha2_id hash;
    size_t size; /* of the modulus, in octets, and so of a signature */
    unsigned top_bits; /* of its first octet, 1 to 8 */
    uint64_t exponent;
    jf_modulus modulus;
    uint64_t square[JF_MAX_LIMBS]; /* R^2 modulo n, which takes a number into Montgomery's form */
} jf_rsa_key;

/* `modulus` is `size` octets, the most significant first and not zero. `kernels` must outlive the key. Gives 0, and no
 * key, for what is none: an even modulus or exponent, an exponent below 3, a modulus too large or too small for the
 * hash; and where the kernels have no Montgomery multiplication. */
int jf_rsa_key_init(jf_rsa_key *key, const struct jf_kernels *kernels, jf_rsassa scheme, jf_sha2_id hash,
                    const uint8_t *modulus, size_t size, uint64_t exponent);

/* RSAVP1 (section 5.2.2): writes key->size octets of the message that `signature`, of as many octets, represents. Gives
 * 0 for a signature that is not below the modulus. */
int jf_rsa_public(const jf_rsa_key *key, const uint8_t *signature, uint8_t *message);

/* Whether `signature` is one of the message. */
int jf_rsa_verify(const jf_rsa_key *key, const uint8_t *message, size_t length, const uint8_t *signature,
                  size_t signature_length);

#endif

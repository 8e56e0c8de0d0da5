/* HMAC (RFC 2104) over SHA-2 from precomputed midstates. */
#ifndef JF_HMAC_H
#define JF_HMAC_H

#include <stddef.h>
#include <stdint.h>

#include "sha2.h"

typedef struct {
    const struct jf_kernels *kernels;
    jf_sha2_id hash;
    jf_sha2_state inner, outer; /* after the one block that is made of the key */
} jf_hmac_key;

/* `kernels` must outlive the key. */
void jf_hmac_key_init(jf_hmac_key *key, const struct jf_kernels *kernels, jf_sha2_id hash, const uint8_t *secret,
                      size_t length);

/* Writes the MAC, jf_sha2_digest_size(key->hash) octets of it. */
void jf_hmac(const jf_hmac_key *key, const uint8_t *message, size_t length, uint8_t *mac);

/* Whether `mac` is the message's MAC. The time taken tells nothing but the lengths. */
int jf_hmac_verify(const jf_hmac_key *key, const uint8_t *message, size_t length, const uint8_t *mac,
                   size_t mac_length);

typedef struct {
    const jf_hmac_key *key;
    const uint8_t *message;
    size_t length;
    const uint8_t *mac;
    size_t mac_length;
    int good; /* set to what jf_hmac_verify gives */
} jf_hmac_check;

/* Verifies many, all by keys of the same kernels. Those of SHA-256 are done several at a time. */
void jf_hmac_verify_all(jf_hmac_check *checks, size_t count);

#endif

/* SipHash-1-3 with 128 bits of output (Aumasson and Bernstein, 2012), over whole words: a keyed hash whose values
 * nobody can foresee, or bring together, who doesn't know the key. One round for each word and three at the end are
 * what hash tables use it with; its values are never seen outside. */
#ifndef JF_SIPHASH_H
#define JF_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/* A message of which a part has been taken in; a copy of it goes on from there. */
typedef struct {
    uint64_t v[4];
    uint64_t words;
} jf_siphash;

void jf_siphash_init(jf_siphash *state, const uint64_t key[2]);

/* Takes in eight octets, the first of which is the word's lowest. */
void jf_siphash_word(jf_siphash *state, uint64_t word);

/* Takes in octets, and zeros up to a whole word. */
void jf_siphash_octets(jf_siphash *state, const uint8_t *octets, size_t length);

/* The hash of all that was taken in; the state is used up. */
void jf_siphash_digest(jf_siphash *state, uint64_t digest[2]);

#endif

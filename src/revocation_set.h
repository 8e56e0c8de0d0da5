/* What has been revoked, and what a token can be revoked by.
 *
 * Both sides are fingerprints: 128 bits of a keyed hash over (issuer, kind, value), each with its length in front, so
 * that no two triples run together. An entry has one size, whatever it stands for, and a lookup compares two words. Two
 * triples with one fingerprint would take 2^64 entries to be met by chance, and can't be made on purpose without the
 * key; what they'd do is refuse a token.
 *
 * The set never forgets an entry before its time, allocates only when one is added, and does no locking. */
#ifndef JF_REVOCATION_SET_H
#define JF_REVOCATION_SET_H

#include <stddef.h>
#include <stdint.h>

/* What tokens are revoked by. The first three are told apart by issuer too. */
typedef enum {
    JF_BY_TOKEN_ID, /* jti */
    JF_BY_SUBJECT,  /* sub */
    JF_BY_SESSION,  /* sid */
    JF_BY_KEY,      /* kid */
    JF_REVOCATION_KINDS
} jf_revocation_kind;

/* A string of the token, spelled as in canonical JSON text; `text` is NULL where the token has none. */
typedef struct {
    const uint8_t *text;
    size_t length;
} jf_identifier;

typedef struct {
    uint64_t half[2]; /* half[1] is never 0 */
} jf_fingerprint;

/* What one token can be revoked by. */
typedef struct {
    jf_fingerprint by[JF_REVOCATION_KINDS]; /* zero: the token has none of that kind */
    double issued_at;                       /* seconds since the epoch; -infinity where the token doesn't say */
} jf_revocable;

/* Tokens of this fingerprint that were issued at `issued_before` or earlier are revoked until `until`. */
typedef struct {
    jf_fingerprint of;
    double issued_before; /* seconds since the epoch; infinity: all of them */
    double until;
} jf_revocation;

typedef struct {
    jf_revocation *slots; /* linear probing; at most three quarters are taken */
    uint8_t *tags;        /* a part of each slot's fingerprint, 0 where it is empty: most lookups see no more */
    size_t mask;          /* number of slots less one */
    size_t entries, max_entries;
    size_t added;         /* since the last sweep */
    double first_until;   /* no entry ends before this */
} jf_revocation_set;

typedef enum {
    JF_REVOCATION_ADDED, /* or an entry made to hold longer, or for more tokens */
    JF_REVOCATION_KNOWN,
    JF_REVOCATION_FULL,
    JF_REVOCATION_NO_MEMORY
} jf_revocation_result;

/* Fills by[0] to by[2] from the claims; `values` are jti, sub and sid. */
void jf_revocable_claims(jf_revocable *token, const uint64_t key[2], const jf_identifier *issuer,
                         const jf_identifier values[3]);

/* The fingerprint of one triple; a kid has no issuer. */
jf_fingerprint jf_fingerprint_of(const uint64_t key[2], const jf_identifier *issuer, jf_revocation_kind kind,
                                 const jf_identifier *value);

void jf_revocation_set_init(jf_revocation_set *set, size_t max_entries);
void jf_revocation_set_free(jf_revocation_set *set);

/* Adds an entry, or widens the one of its fingerprint. Entries that have ended by `now` make room. */
jf_revocation_result jf_revocation_set_add(jf_revocation_set *set, const jf_revocation *entry, double now);

/* Whether an entry that has not ended by `now` says that the token is revoked. */
int jf_revocation_set_holds(const jf_revocation_set *set, const jf_revocable *token, double now);

/* How many entries there are that have not ended by `now`; the others go. */
size_t jf_revocation_set_count(jf_revocation_set *set, double now);

/* What it takes, in bytes. */
size_t jf_revocation_set_bytes(const jf_revocation_set *set);

#endif

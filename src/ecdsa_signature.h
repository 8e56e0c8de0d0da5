/* ECDSA signatures from the form of RFC 7518 section 3.4, r and s as octets of one length, to the DER of RFC 3279
 * section 2.2.3, which is what cryptographic libraries take. */
#ifndef JF_ECDSA_SIGNATURE_H
#define JF_ECDSA_SIGNATURE_H

#include <stddef.h>
#include <stdint.h>

/* The length of r and of s on the largest curve, P-521, and what a DER signature takes at most. */
#define JF_ECDSA_MAX_SIZE 66
#define JF_ECDSA_MAX_DER (3 + 2 * (3 + JF_ECDSA_MAX_SIZE))

/* Writes the DER of r || s, `size` octets each, into `der` and gives its length; or 0 where r or s is zero or not below
 * the curve's order (`size` octets too): no such signature is valid, and none may get as far as arithmetic on the
 * curve. */
size_t jf_ecdsa_der(const uint8_t *signature, size_t size, const uint8_t *order, uint8_t *der);

#endif

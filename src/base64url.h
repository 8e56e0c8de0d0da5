/* base64url as RFC 7515 section 2 wants it: the alphabet of RFC 4648 section 5, no padding, no white space, and
 * canonical, that is: the bits of the last character that carry no data are zero, so that one octet string has
 * exactly one spelling.
 *
 * The portable code is the specification and the only code that says "invalid". A kernel handles a prefix of whole
 * blocks that it is sure of, says how much that was, and leaves the rest, errors included, to the portable code. So
 * every kernel gives bit-identical results by construction. */
#ifndef JF_BASE64URL_H
#define JF_BASE64URL_H

#include <stddef.h>
#include <stdint.h>

struct jf_kernels;

#define JF_BASE64URL_INVALID ((size_t)-1)

/* Room that a decoded (encoded) text of the given length takes. A length of 4n + 1 is no encoding of anything. */
#define JF_BASE64URL_DECODED_SIZE(length) ((length) / 4 * 3 + (length) % 4 * 3 / 4)
#define JF_BASE64URL_ENCODED_SIZE(length) ((length) / 3 * 4 + ((length) % 3 * 4 + 2) / 3)

/* Decodes `length` characters into `out`; gives the number of octets, or JF_BASE64URL_INVALID. */
size_t jf_base64url_decode(const struct jf_kernels *kernels, const uint8_t *text, size_t length, uint8_t *out);

/* Encodes `length` octets into `out`; gives the number of characters. */
size_t jf_base64url_encode(const struct jf_kernels *kernels, const uint8_t *data, size_t length, uint8_t *out);

/* The characters of the values from 0 to 63; and the values of all octets, of which those that are no characters of the
 * alphabet have this one, with its top bit set. */
#define JF_BASE64URL_NO_VALUE 0xff
extern const uint8_t jf_base64url_alphabet[64];
extern const uint8_t jf_base64url_value[256];

/* A kernel: handles a prefix of the input, a multiple of 4 characters (3 octets), and gives its length. */
typedef size_t (*jf_base64url_bulk)(const uint8_t *in, size_t length, uint8_t *out);

size_t jf_base64url_decode_none(const uint8_t *text, size_t length, uint8_t *out);
size_t jf_base64url_encode_none(const uint8_t *data, size_t length, uint8_t *out);
#if defined(__x86_64__) && defined(__GNUC__)
size_t jf_base64url_decode_avx2(const uint8_t *text, size_t length, uint8_t *out);
size_t jf_base64url_encode_avx2(const uint8_t *data, size_t length, uint8_t *out);
size_t jf_base64url_decode_avx512vbmi(const uint8_t *text, size_t length, uint8_t *out);
size_t jf_base64url_encode_avx512vbmi(const uint8_t *data, size_t length, uint8_t *out);
#endif

#endif

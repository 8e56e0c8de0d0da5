#include "base64url.h"

#include "cpu.h"

#define ALPHABET jf_base64url_alphabet
#define VALUE jf_base64url_value
#define BAD JF_BASE64URL_NO_VALUE

const uint8_t jf_base64url_alphabet[64] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Sixteen characters a row from U+0000; the rows from 0x80 on are all BAD. */
#define BAD4 BAD, BAD, BAD, BAD
#define BAD16 BAD4, BAD4, BAD4, BAD4
const uint8_t jf_base64url_value[256] = {
    BAD16, BAD16,
    BAD4, BAD4, BAD4, BAD, 62, BAD, BAD,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, BAD, BAD, BAD4,
    BAD, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, BAD, BAD, BAD, BAD, 63,
    BAD, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, BAD, BAD4,
    BAD16, BAD16, BAD16, BAD16, BAD16, BAD16, BAD16, BAD16,
};

size_t jf_base64url_decode_none(const uint8_t *text, size_t length, uint8_t *out)
{
    (void)text, (void)length, (void)out;
    return 0;
}

size_t jf_base64url_encode_none(const uint8_t *data, size_t length, uint8_t *out)
{
    (void)data, (void)length, (void)out;
    return 0;
}

/* The last two or three characters: one or two octets, and spare bits that must be zero. */
static size_t decode_tail(const uint8_t *text, size_t length, uint8_t *out)
{
    uint8_t a = VALUE[text[0]], b = VALUE[text[1]];
    if (length == 2) {
        if (((a | b) & 0xc0) || (b & 0x0f))
            return JF_BASE64URL_INVALID;
        out[0] = (uint8_t)(a << 2 | b >> 4);
        return 1;
    }
    uint8_t c = VALUE[text[2]];
    if (((a | b | c) & 0xc0) || (c & 0x03))
        return JF_BASE64URL_INVALID;
    out[0] = (uint8_t)(a << 2 | b >> 4);
    out[1] = (uint8_t)(b << 4 | c >> 2);
    return 2;
}

size_t jf_base64url_decode(const struct jf_kernels *kernels, const uint8_t *text, size_t length, uint8_t *out)
{
    if (length % 4 == 1)
        return JF_BASE64URL_INVALID;
    size_t done = kernels->base64url_decode(text, length, out);
    const uint8_t *in = text + done, *end = text + length;
    uint8_t *to = out + done / 4 * 3;
    for (; end - in >= 4; in += 4, to += 3) {
        uint8_t a = VALUE[in[0]], b = VALUE[in[1]], c = VALUE[in[2]], d = VALUE[in[3]];
        if ((a | b | c | d) & 0xc0)
            return JF_BASE64URL_INVALID;
        to[0] = (uint8_t)(a << 2 | b >> 4);
        to[1] = (uint8_t)(b << 4 | c >> 2);
        to[2] = (uint8_t)(c << 6 | d);
    }
    if (in != end) {
        size_t tail = decode_tail(in, (size_t)(end - in), to);
        if (tail == JF_BASE64URL_INVALID)
            return JF_BASE64URL_INVALID;
        to += tail;
    }
    return (size_t)(to - out);
}

size_t jf_base64url_encode(const struct jf_kernels *kernels, const uint8_t *data, size_t length, uint8_t *out)
{
    size_t done = kernels->base64url_encode(data, length, out);
    const uint8_t *in = data + done, *end = data + length;
    uint8_t *to = out + done / 3 * 4;
    for (; end - in >= 3; in += 3, to += 4) {
        to[0] = ALPHABET[in[0] >> 2];
        to[1] = ALPHABET[(in[0] << 4 | in[1] >> 4) & 63];
        to[2] = ALPHABET[(in[1] << 2 | in[2] >> 6) & 63];
        to[3] = ALPHABET[in[2] & 63];
    }
    if (end - in == 1) {
        *to++ = ALPHABET[in[0] >> 2];
        *to++ = ALPHABET[in[0] << 4 & 63];
    } else if (end - in == 2) {
        *to++ = ALPHABET[in[0] >> 2];
        *to++ = ALPHABET[(in[0] << 4 | in[1] >> 4) & 63];
        *to++ = ALPHABET[in[1] << 2 & 63];
    }
    return (size_t)(to - out);
}

from libc.stdint cimport uint8_t, uint64_t

cdef extern from "token_table.h" nogil:
    ctypedef struct jf_token_shared:
        size_t bytes

    ctypedef struct jf_token_entry:
        const uint8_t *token
        size_t length
        size_t signature
        double valid_from
        double valid_until
        void *owner
        size_t bytes
        jf_token_shared *shared
        uint64_t hash
        jf_token_entry *older
        size_t place

    ctypedef struct jf_token_table:
        jf_token_entry *newest
        size_t tokens
        size_t max_tokens
        size_t bytes
        size_t max_bytes
        size_t own_bytes
        uint64_t expired
        uint64_t evictions

    bint jf_token_table_init(jf_token_table *table, size_t max_tokens, size_t max_bytes, const uint64_t *key)
    void jf_token_table_free(jf_token_table *table)
    uint64_t jf_token_table_hash(const jf_token_table *table, const uint8_t *token, size_t length)
    jf_token_entry *jf_token_table_find(jf_token_table *table, const uint8_t *token, size_t length, uint64_t hash,
                                        double *now, jf_token_entry **gone)
    bint jf_token_table_insert(jf_token_table *table, jf_token_entry *entry, double now, jf_token_entry **gone)
    void jf_token_table_charge(jf_token_table *table, jf_token_entry *entry, size_t bytes, double now,
                               jf_token_entry **gone)
    bint jf_token_table_forget(jf_token_table *table, const uint8_t *token, size_t length, jf_token_entry **gone)
    void jf_token_table_remove(jf_token_table *table, jf_token_entry *entry, jf_token_entry **gone)

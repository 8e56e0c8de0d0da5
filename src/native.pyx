# cython: language_level=3, binding=False, embedsignature=False, freethreading_compatible=True
# cython: auto_pickle=False
# cython: boundscheck=False, wraparound=False, initializedcheck=False
"""The path of a token: one extension module, one included file for each noun."""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_RawCalloc, PyMem_RawFree, PyMem_RawMalloc
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.math cimport INFINITY, NAN, isfinite, isnan
from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.string cimport memchr, memcmp, memcpy, memset

from base64url cimport *
from claims_policy cimport *
from cpu cimport *
from ecdsa_signature cimport *
from generation cimport *
from hmac cimport *
from json_scan cimport *
from revocation_set cimport *
from rsa cimport *
from secret cimport *
from sha2 cimport *
from sharing cimport *
from siphash cimport *
from token_table cimport *
from verdict cimport *
from wall_clock cimport jf_now

import os
from enum import Enum
from typing import NamedTuple

import orjson

from jwtfast import errors

include "base64url.pxi"
include "kernels.pxi"
include "generation.pxi"
include "prepared_key.pxi"
include "claims.pxi"
include "json_object.pxi"
include "shared_text.pxi"
include "claims_shape.pxi"
include "claims_builder.pxi"
include "header.pxi"
include "compact.pxi"
include "authorization.pxi"
include "policy.pxi"
include "token.pxi"
include "cache.pxi"
include "refusal.pxi"
include "revocation.pxi"
include "verifier.pxi"
include "multi_issuer.pxi"
include "jobs.pxi"
include "batch.pxi"
include "random_id.pxi"
include "json_write.pxi"
include "issuer.pxi"
include "decoder.pxi"
include "signer.pxi"
include "pyjwt.pxi"

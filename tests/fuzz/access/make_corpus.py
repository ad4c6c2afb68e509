#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the corpora of `tokens` (records as the server writes them, whole, twice and torn) and `audit` (one change of
each kind): tests/fuzz/access/make_corpus.py"""
import hashlib
import pathlib

CORPUS = pathlib.Path(__file__).resolve().parent.parent / "corpus"
NOW = 1767225600


def varint(value):
    out = bytearray()
    while True:
        out.append(value & 127 | (128 if value > 127 else 0))
        value >>= 7
        if not value:
            return bytes(out)


def text(field, value):
    return bytes([field << 3 | 2]) + varint(len(value)) + value


def number(field, value):
    return bytes([field << 3]) + varint(value)


def token(name, expire=NOW + 3600, revoke=0, roles=(b"viewer",)):
    return (text(1, hashlib.sha256(name).digest()) + text(2, name) + b"".join(text(3, role) for role in roles)
            + number(4, NOW - 60) + number(5, expire) + (number(6, revoke) if revoke else b"") + text(7, b"for a test"))


def entry(kind, value):
    return bytes([kind, len(value)]) + value


FITS, USE = 2, 1
TOKENS = {
    "whole": entry(FITS, token(b"alice")) + entry(FITS, token(b"bob", roles=(b"admin", b"trainer"))),
    "used": entry(FITS, token(b"alice")) + entry(FITS | USE, text(1, hashlib.sha256(b"alice").digest()))
            + entry(USE, number(1, NOW)),
    "revoked": entry(FITS, token(b"alice", revoke=NOW - 5)),
    "forgotten": entry(FITS, token(b"alice", expire=NOW - 90 * 86400)) + entry(FITS, token(b"bob")),
    "under_another_id": entry(4, token(b"alice")) + entry(FITS, token(b"alice", revoke=NOW - 5)),
    "no_id": entry(4 * 5, token(b"alice")),
    "torn": entry(FITS, token(b"alice"))[:-9],
    "too_many_roles": entry(FITS, token(b"alice", roles=(b"viewer",) * 17)),
}
AUDIT = {f"change{kind}_file{file}": bytes([7, 3 * kind + file, at, 3]) for kind in range(8) for file in range(3)
         for at in (90,)} | {"none": bytes([5]), "all_taken_away": bytes([0, 3 * 4 + 2, 10, 3]), "cut_line_by_line": bytes([7, 3 * 6 + 2, 255, 0, 3 * 6 + 2, 255, 0])}

for folder, inputs in (("tokens", TOKENS), ("audit", AUDIT)):
    (CORPUS / folder).mkdir(exist_ok=True)
    for name, data in inputs.items():
        (CORPUS / folder / name).write_bytes(data)

# SPDX-License-Identifier: Apache-2.0
"""The audit log, read by what docs/internals/audit.md says of it and nothing else."""
import hashlib
import hmac
from pathlib import Path


def mac(key, content):
    return hmac.new(key, content, hashlib.sha256)


class AuditLog:
    def __init__(self, data_dir):
        self.path, self.key, self.head = (Path(data_dir, f"audit.{end}") for end in ("log", "key", "head"))
        secret = bytes.fromhex(self.key.read_text().strip())
        self.chain, self.names = (mac(secret, purpose).digest() for purpose in (b"chain", b"names"))

    def hidden(self, name):
        """A caller, "token/ada", or an address as it stands in the log."""
        kind = name.partition("/")[0] + "/" if "/" in name else ""
        return kind + mac(self.names, name.encode()).hexdigest()[:16]

    def lines(self, path=None):
        """Those that are written whole: the server may be writing the next one."""
        whole = (path or self.path).read_text().rpartition("\n")[0]
        return [dict(word.split("=", 1) for word in line.split()) for line in whole.splitlines()]

    def calls(self):
        return [line for line in self.lines() if line["kind"] in ("change", "refused")]

    def assert_whole(self):
        before = None
        for text in self.path.read_text().splitlines():
            line, _, said = text.partition(" mac=")
            before = bytes.fromhex(line.split("previous=")[1]) if before is None else before
            before = mac(self.chain, before + line.encode()).digest()
            assert before.hex() == said, text

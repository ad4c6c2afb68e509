# SPDX-License-Identifier: Apache-2.0
"""python3 tests/fuzz/registry/make_corpus.py: writes tests/fuzz/corpus/registry_catalog, sequences of operations at random."""
import random
from pathlib import Path

folder = Path(__file__).resolve().parents[1] / "corpus/registry_catalog"
folder.mkdir(parents=True, exist_ok=True)
for seed in range(40):
    dice = random.Random(seed)
    busy = dice.choice([(0, 1, 2, 6), (0, 3, 6, 7), (0, 1, 2, 3, 4, 5, 6, 7), (0, 1, 2, 3, 4, 6), (0, 1, 3, 5, 6)])
    owners = dice.choice([(0,), (0, 128), (0, 0, 0, 128)])
    operations = bytearray()
    for _ in range(dice.choice([5, 40, 200])):
        operations += bytes([dice.choice(busy), dice.choice(owners) + dice.randrange(128), dice.randrange(256)])
    (folder / f"seed_{seed:02}").write_bytes(operations)

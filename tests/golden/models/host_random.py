# SPDX-License-Identifier: Apache-2.0
"""The random numbers that a plugin's host gives (server/worker/philox.c, server/plugins/support/random.c), by NumPy's
generator of the same kind."""
import numpy as np
from scipy.stats import norm


class Stream:
    def __init__(self, seed, stream):
        before_the_first = 2 ** 256 - 1  # NumPy counts up, then draws
        self.bits = np.random.Philox(key=np.array([seed, stream], dtype=np.uint64), counter=before_the_first)

    def uniform(self):
        return (int(self.bits.random_raw()) >> 11) * 2.0 ** -53

    def normal(self):
        return norm.ppf(((int(self.bits.random_raw()) >> 12) + 0.5) * 2.0 ** -52)

    def below(self, count):
        least = 2 ** 64 % count
        while True:
            product = int(self.bits.random_raw()) * count
            if product % 2 ** 64 >= least:
                return product >> 64

# SPDX-License-Identifier: Apache-2.0
"""The tests by name. A name begins with the row that it covers, as tests/faults/COVERAGE lists it."""
ROWS = []


def row(name, patient=False, rejected=False):
    """A test `name`, given the server. @patient: it waits for a time limit of the server, and shares that time with the
    others that do. @rejected: the server counts what it refused."""
    def take(function):
        ROWS.append((name, function, patient, rejected))
        return function
    return take

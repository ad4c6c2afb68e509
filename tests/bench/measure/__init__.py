# SPDX-License-Identifier: Apache-2.0
"""What tests/bench/run runtime measures, a module a thing."""

# SPDX-License-Identifier: Apache-2.0
"""What tests/bench/run execution measures, a module a thing: measure(bench) returns figures, report(bench, figures) prints
them. A module that is put here is found."""
import importlib
import pkgutil

NOT_MEASURES = {"arrow", "bench", "wire"}
MEASURES = {module.name: importlib.import_module(f"{__name__}.{module.name}")
            for module in pkgutil.iter_modules(__path__) if module.name not in NOT_MEASURES}

# SPDX-License-Identifier: Apache-2.0
"""Golden values of the volatility family, from pandas."""
import pathlib
import sys

import numpy as np
import pandas as pd

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from golden_file import Golden  # noqa: E402

golden = Golden(__file__, "volatility")
bars = pd.read_csv(pathlib.Path(__file__).parents[3] / "data" / "sp500.csv").iloc[2250:2400].reset_index(drop=True)
rng = np.random.default_rng(9)
for name, close in (("sp500", bars["close"]), ("walk", pd.Series(30 * np.exp(np.cumsum(0.03 * rng.normal(size=140)))))):
    golden.input(name, {"close": close})
    r = np.log(close).diff()
    golden.case("simple_volatility", name, {"volatility": r.rolling(20).std(),
                                            "yearly": r.rolling(20).std() * np.sqrt(252)})
    realized = np.sqrt((r**2).rolling(15).sum())
    golden.case("realized_volatility", name, {"volatility": realized, "yearly": realized * np.sqrt(52 / 15)},
                {"window": 15, "frequency": "weekly"})
    for model, decay in (("ewma_volatility", 0.94), ("ewma_risk_metrics", 0.9)):
        volatility = np.sqrt((r**2)[1:].ewm(alpha=1 - decay, adjust=False).mean()).reindex(r.index)
        golden.case(model, name, {"volatility": volatility, "yearly": volatility * np.sqrt(252),
                                  "value_at_risk": 1.645 * volatility}, {"lambda": decay})
golden.write()

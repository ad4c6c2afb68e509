# SPDX-License-Identifier: Apache-2.0
"""Hidden states beside hmmlearn and statsmodels, change points beside ruptures, whose cost grows with the square of the rows."""
ROWS, DATA, BESIDE = 100_000, "states", "hmmlearn, statsmodels, ruptures"


def given(columns):
    import numpy as np
    return np.column_stack([columns["returns"], columns["range"]])


def hidden(x):
    from hmmlearn.hmm import GaussianHMM
    return max((GaussianHMM(3, "full", n_iter=200, tol=0.01, random_state=seed).fit(x) for seed in range(3)), key=lambda m: m.score(x))


def switching(x):
    from statsmodels.tsa.regime_switching.markov_regression import MarkovRegression
    found = MarkovRegression(x[:, 0], k_regimes=2, switching_variance=True).fit()
    return found.smoothed_marginal_probabilities.max(axis=1)


def segments(x):
    import numpy as np
    import ruptures
    ends = ruptures.Pelt(model="rbf", min_size=2, jump=1).fit(x[:, 0]).predict(pen=1.0)
    return np.searchsorted(ends, np.arange(len(x)), side="right")


CASES = [
    {"model": "hidden_markov_model", "score": 1, "fit": hidden, "predict": lambda model, x, ahead: model.predict_proba(x).max(axis=1),
     "repeats": 1},
    {"model": "markov_switching", "score": 1, "compute": switching, "repeats": 1},
    {"model": "bayesian_change_point_detection", "parameters": {"column": "returns"}, "rows": 1_000, "compute": segments, "repeats": 1},
]

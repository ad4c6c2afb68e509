# SPDX-License-Identifier: Apache-2.0
"""Support vectors, kernel ridge and Gaussian processes beside scikit-learn's."""
ROWS, FEATURES, DATA, BESIDE = 2_000, 20, "regression", "scikit-learn"


def given(columns):
    import numpy as np
    return np.column_stack([columns[name] for name in columns if name != "y"]), columns["y"]


def make(path, **options):
    """A function that makes scikit-learn's MODULE.CLASS."""
    def made():
        import importlib
        module, name = path.split(".")
        return getattr(importlib.import_module(f"sklearn.{module}"), name)(**options)
    return made


def process(kernel, **options):
    def made():
        from sklearn.gaussian_process import GaussianProcessRegressor, kernels
        return GaussianProcessRegressor(getattr(kernels, kernel)(**options), alpha=0.1)
    return made


def both(model, given, ahead):
    return model.predict(given[0][:ahead], return_std=True)[0]


def case_of(model, kernel, **options):
    """Ours says how sure it is, too: so does theirs here."""
    return {"model": model, "parameters": {"alpha": 0.1}, "repeats": 1, "score": 0, "predict": both,
            "fit": lambda given: process(kernel, **options)().fit(*given), **SOLVED}


LIBSVM = {"slower": "three quarters of the time are libsvm's own loops over gradients and rows of its cache, as Debian compiles them"}
SOLVED = {"slower": "the time is in dtrsm on both sides: Debian's OpenBLAS 0.3.21 here, the newer one in SciPy's wheel there"}
CASES = [
    {"model": "svr_rbf", "reference": make("svm.SVR")},
    {"model": "svr_linear", "reference": make("svm.SVR", kernel="linear"), **LIBSVM},
    {"model": "svr_poly", "reference": make("svm.SVR", kernel="poly", degree=2), **LIBSVM},
    {"model": "nu_svr", "reference": make("svm.NuSVR")},
    {"model": "linear_svr", "parameters": {"C": 0.1, "epsilon": 0.3},
     "reference": make("svm.LinearSVR", C=0.1, epsilon=0.3, random_state=0)},
    {"model": "kernel_ridge_linear", "reference": make("kernel_ridge.KernelRidge")},
    {"model": "kernel_ridge_poly", "reference": make("kernel_ridge.KernelRidge", kernel="poly", degree=2)},
    {"model": "kernel_ridge_rbf", "reference": make("kernel_ridge.KernelRidge", kernel="rbf")},
    case_of("gp_rbf", "RBF"),
    case_of("gp_matern", "Matern", nu=1.5),
    case_of("gp_rational_quadratic", "RationalQuadratic"),
]

# SPDX-License-Identifier: Apache-2.0
"""Prints reference.h: what scikit-learn finds on the main job's data, for main_job_test.c.

    python3 reference.py ../../data/sp500.csv > reference.h        (needs pandas, scikit-learn)
"""
import sys

import numpy
import pandas
import sklearn
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_squared_error

close = pandas.read_csv(sys.argv[1])["close"]
returns = numpy.log(close).diff()
table = pandas.DataFrame({f"lag{k}": returns.shift(k) for k in range(5)})
table["target"] = returns.shift(-1)
table = table.dropna()
test = int(len(table) * 0.2)
train, test = table.iloc[:-test], table.iloc[-test:]
model = Ridge(alpha=1.0).fit(train.drop(columns="target"), train["target"])


def rmse(part, predicted):
    return float(numpy.sqrt(mean_squared_error(part["target"], predicted)))


print("/* SPDX-License-Identifier: Apache-2.0 */")
print(f"/* Made by reference.py with scikit-learn {sklearn.__version__}, pandas {pandas.__version__}. */")
print("#ifndef MLT_REFERENCE_H\n#define MLT_REFERENCE_H\n")
print(f"#define REFERENCE_TRAIN_ROWS {len(train)}")
print(f"#define REFERENCE_TEST_ROWS {len(test)}")
print(f"#define REFERENCE_TRAIN_RMSE {rmse(train, model.predict(train.drop(columns='target')))!r}")
print(f"#define REFERENCE_TEST_RMSE {rmse(test, model.predict(test.drop(columns='target')))!r}")
print(f"#define REFERENCE_BASELINE_RMSE {rmse(test, numpy.full(len(test), train['target'].mean()))!r}")
print("\n#endif")

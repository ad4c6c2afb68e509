# SPDX-License-Identifier: Apache-2.0
"""What the plan draws with matplotlib (docs/architecture/seed.md, 4): boxes, titles, services and arrows at fixed places.

    seed_overview.py REPEATS OUTPUT.png

Prints the median CPU seconds of a drawing at 300 dpi, and the process's peak in KiB.
"""
import resource
import statistics
import sys
import time

import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.patches import FancyBboxPatch  # noqa: E402

PARTS = [("UI Layer", (2, 8), (10, 1.5), "#3498db", "Streamlit UI | API Gateway | WebSocket"),
         ("API Layer", (2, 6), (10, 1.5), "#2ecc71", "FastAPI | GraphQL | REST"),
         ("Business Logic", (1, 3.5), (5, 2), "#e74c3c", "ML Engine | Financial Models | Compliance"),
         ("Async Engine", (7, 3.5), (5, 2), "#f39c12", "Thread Pool | Process Pool | Task Queue"),
         ("Data Layer", (1, 1), (5, 2), "#9b59b6", "PostgreSQL | Redis | S3"),
         ("External Services", (7, 1), (5, 2), "#1abc9c", "Polygon | FRED | Claude")]
ARROWS = [((7, 8), (7, 7.5), "HTTPS"), ((5, 6), (3.5, 5.5), "gRPC"), ((9, 6), (9.5, 5.5), "gRPC"),
          ((3.5, 3.5), (3.5, 3), "SQL"), ((9.5, 3.5), (9.5, 3), "HTTPS"), ((6, 3.5), (7, 3), "REST")]


def draw(path):
    figure, axes = plt.subplots(figsize=(14, 10))
    for name, (x, y), (width, height), color, services in PARTS:
        axes.add_patch(FancyBboxPatch((x, y), width, height, boxstyle="round,pad=0.1", facecolor=color, edgecolor="black",
                                      alpha=0.7))
        axes.text(x + width / 2, y + height - 0.3, name, fontsize=12, fontweight="bold", ha="center")
        axes.text(x + width / 2, y + 0.3, services, fontsize=9, ha="center")
    for (x, y), (to_x, to_y), label in ARROWS:
        axes.annotate("", xy=(to_x, to_y), xytext=(x, y), arrowprops={"arrowstyle": "->", "lw": 2})
        axes.text((x + to_x) / 2, (y + to_y) / 2, label, fontsize=8)
    axes.set_xlim(0, 14)
    axes.set_ylim(0, 10.5)
    axes.axis("off")
    axes.set_title("mlTrainer System Architecture", fontsize=16, fontweight="bold")
    figure.savefig(path, dpi=300, bbox_inches="tight")
    plt.close(figure)


taken = []
draw(sys.argv[2])  # the first, which looks for fonts, does not count
for _ in range(int(sys.argv[1])):
    began = time.process_time()
    draw(sys.argv[2])
    taken.append(time.process_time() - began)
print(statistics.median(taken), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)

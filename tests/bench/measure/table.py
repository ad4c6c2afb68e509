# SPDX-License-Identifier: Apache-2.0
"""Tables for people, with a column a side."""


def show(title, sides, rows, ratios=()):
    """rows: (label, {side: figure}, format). ratios: (over, under) adds a column for each."""
    names = [side for side in sides if any(side in figures for _, figures, _ in rows)]
    pairs = [(a, b) for a, b in ratios if a in names and b in names]
    width = max(len(title), *(len(label) for label, _, _ in rows))
    heads = names + [f"{a}/{b}" for a, b in pairs]
    print("\n" + title.ljust(width) + "".join(f"  {head:>{max(8, len(head))}}" for head in heads))
    for label, figures, form in rows:
        cells = [format(figures[name], form) if name in figures else "-" for name in names]
        cells += [format(figures[a] / figures[b], ".2f") if a in figures and figures.get(b) else "-" for a, b in pairs]
        print(label.ljust(width) + "".join(f"  {cell:>{max(8, len(head))}}" for head, cell in zip(heads, cells)))


def pick(result, key):
    return {side: figures[key] for side, figures in result.items() if key in figures}

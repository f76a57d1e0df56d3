"""The figures of a run as Markdown tables, a JSON file and an SVG chart."""

import json
import sys
from pathlib import Path
from xml.sax.saxutils import escape

from bench.goals import notes
from bench.results import Run

FOLDER = Path(__file__).resolve().parent
# The lines of a document between which write_document writes.
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
BAR, ROW, LABEL = 420, 26, 250


def tables(run: Run) -> str:
    """Return the tables of rates and of goals in Markdown, which reads well on a terminal too."""
    lines = [f"| {'requests/s, one worker':34} |" + "".join(f" {rows:>10,} rows | of limit 1 |" for rows in run.sizes)]
    lines.append(f"| {'-' * 34} |" + " --------------: | ---------: |" * len(run.sizes))
    for name in dict.fromkeys(name for name, _ in run.rounds):
        cells = [f" {_rate(run, name, rows):>15} | {_share(run, name, rows):>10} |" for rows in run.sizes]
        lines.append(f"| {name:34} |" + "".join(cells))
    lines += [
        "",
        f"| {'goal':70} | {'bound':>12} | {'measured':>12} |              |",
        f"| {'-' * 70} | -----------: | -----------: | ------------ |",
    ]
    for goal, value, met in run.against_goals():
        bound = f"{'≤' if goal.most else '≥'} {_number(goal.bound)} {goal.unit}".strip()
        measured = "–" if value is None else f"{_number(value)} {goal.unit}".strip()
        lines.append(f"| {goal.name:70} | {bound:>12} | {measured:>12} | {_verdict(met):12} |")
    lines += [f"\n{note}" for note in notes()]
    if run.imports:
        seconds = "; ".join(f"{name} {taken:,.1f} s" for name, taken in run.imports.items())
        lines.append(f"\nOnce in this run: {seconds}.")
    lines += [f"\nNot measured: {name}, {rows:,} rows: {reason}" for (name, rows), reason in run.failures.items()]
    return "\n".join(lines)


def _verdict(met):
    return "not measured" if met is None else "met" if met else "**missed**"


def _rate(run, name, rows):
    try:
        return _number(run.median((name, rows), "rate"))
    except LookupError:
        return "–"


def _share(run, name, rows):
    try:
        return f"{run.ratio((name, rows), ('limit 1', rows)):.3f}"
    except LookupError:
        return "–"


def _number(value):
    return (
        f"{value:,.0f}" if value >= 100 else f"{value:,.1f}" if value >= 10 else f"{value:.2f}".rstrip("0").rstrip(".")
    )


def write(run: Run, folder: Path = FOLDER) -> None:
    """Write ``results.json`` and ``results.svg``."""
    (folder / "results.json").write_text(json.dumps(run.as_json(), indent=1) + "\n", encoding="utf-8")
    (folder / "results.svg").write_text(chart(run.as_json()), encoding="utf-8")


def chart(results: dict) -> str:
    """Return an SVG chart of the largest size: for each name, a bar with its rate as a share of limit 1."""
    rows = results["rows"][-1]
    shares = [(figure["name"], figure["of_limit_1"]) for figure in results["figures"] if figure["rows"] == rows]
    longest = max(share for _, share in shares)
    height = ROW * (len(shares) + 2)
    bars = []
    for number, (name, share) in enumerate(shares, 1):
        top = ROW * number
        ours = not name.startswith(("limit", "replaced", "stock", "datasette"))
        bars.append(
            f'<text x="{LABEL - 8}" y="{top + 17}" text-anchor="end">{escape(name)}</text>'
            f'<rect x="{LABEL}" y="{top + 4}" width="{max(1, BAR * share / longest):.1f}" height="{ROW - 8}" '
            f'fill="{"#d9a900" if ours else "#8a887e"}"/>'
            f'<text x="{LABEL + 6 + max(1, BAR * share / longest):.1f}" y="{top + 17}">{share:.3f}</text>'
        )
    title = f"Requests a second as a share of limit 1, one worker, {rows:,} rows"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LABEL + BAR + 70}" height="{height}" role="img" '
        f'font-family="sans-serif" font-size="13">\n<title>{title}</title>\n'
        f'<rect width="100%" height="100%" fill="#fff"/>\n<text x="8" y="18" font-weight="bold">{title}</text>\n'
        + "\n".join(bars)
        + "\n</svg>\n"
    )


def document(results: dict) -> str:
    """Return the tables of docs/explanation/performance.md for ``results``, the contents of results.json."""
    sizes = results["rows"]
    shares = {(figure["name"], figure["rows"]): figure["of_limit_1"] for figure in results["figures"]}
    lines = [
        f"Made on {results['when'][:10]}, on {results['machine']}. "
        "Only ratios hold: each is the median of those within a round.",
        "",
        "| Requests a second, as a share of limit 1 |" + "".join(f" {rows:,} rows |" for rows in sizes),
        "| --- |" + " ---: |" * len(sizes),
    ]
    for name in dict.fromkeys(name for name, _ in shares):
        cells = [f" {shares[name, rows]:.3f} |" if (name, rows) in shares else " |" for rows in sizes]
        lines.append(f"| {name} |{''.join(cells)}")
    lines += ["", "| Goal | Bound | Measured | |", "| --- | ---: | ---: | --- |"]
    for goal in results["goals"]:
        bound = f"{'at most' if goal['most'] else 'at least'} {_number(goal['bound'])} {goal['unit']}".strip()
        value = "–" if goal["value"] is None else f"{_number(goal['value'])} {goal['unit']}".strip()
        lines.append(f"| {goal['name']} | {bound} | {value} | {_verdict(goal['met'])} |")
    for note in results.get("notes", ()):
        lines += ["", note]
    return "\n".join(lines)


def write_document(path: Path, results: dict) -> None:
    """Replace the part of the document between its two marks by the tables of ``results``.

    Raises:
        ValueError: The document has no marks.
    """
    text = path.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise ValueError(f"{path} needs the lines {BEGIN} and {END}.")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    path.write_text(f"{before}{BEGIN}\n\n{document(results)}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    write_document(Path(sys.argv[1]), json.loads((FOLDER / "results.json").read_text(encoding="utf-8")))

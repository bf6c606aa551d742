"""What `forewarn load` shows: its progress, and the figures at the end.

Belongs here: rows and columns. Doesn't belong here: the figures (`plant_assets.load`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

import numpy as np
from pydantic import JsonValue
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from plant_assets.cli.console import print_whole
from plant_assets.load.open_loop import Watch
from plant_assets.load.plan import LoadPlan
from plant_assets.load.recorder import LoadRecorder
from plant_assets.load.summary import LatencySpread, LoadSummary
from plant_assets.load.target import LoadTarget

_NEWEST = 1000


@contextmanager
def progress(target: LoadTarget, plan: LoadPlan, console: Console) -> Iterator[Watch]:
    """A line that tells how the load goes, as often as it is called.

    It draws when it is called and never by itself: a thread of its own would take time from answers.
    """
    bar = Progress(
        BarColumn(bar_width=20),
        TextColumn("{task.description}"),
        TimeRemainingColumn(),
        console=console,
        auto_refresh=False,
    )
    batch = "" if plan.batch_size == 1 else f", {plan.batch_size:,} readings each"
    console.print(
        f"{plan.requests:,} requests{batch} to {escape(target.address)}, {plan.rps:g} a second",
        soft_wrap=True,
    )

    def watch(recorder: LoadRecorder, seconds: float) -> None:
        newest = recorder.waits[-_NEWEST:]
        p99 = f"{np.quantile(newest, 0.99) * 1e3:,.1f} ms" if len(newest) else "–"
        failed = recorder.failed.total()
        errors = f"[red]{failed:,} failed[/]" if failed else "none failed"
        bar.update(
            task,
            completed=plan.due_by(seconds),
            description=f"{recorder.succeeded:,} answered, {errors}, {recorder.under_way} under way, p99 of the newest {p99}",
        )
        bar.refresh()

    with bar:
        task = bar.add_task("", total=plan.requests)
        yield watch


def show(target: LoadTarget, summary: LoadSummary, console: Console) -> None:
    """Print the figures."""
    console.print(f"\n{escape(target.address)}", soft_wrap=True)
    print_whole(_counts(summary), console)
    if summary.errors:
        table = Table("error", "requests")
        for kind, count in summary.errors.items():
            table.add_row(escape(kind), f"{count:,}")
        print_whole(table, console)
    print_whole(_latencies(summary), console)
    for remark in summary.remarks:
        console.print(f"[yellow]note:[/] {remark}", soft_wrap=True)


def document(target: LoadTarget, plan: LoadPlan, summary: LoadSummary) -> dict[str, JsonValue]:
    """The same for machines."""
    return {
        "url": target.address,
        "plan": asdict(plan),
        "failed": summary.failed,
        **asdict(summary),
        "remarks": [*summary.remarks],
    }


def _counts(summary: LoadSummary) -> Table:
    anomalies = summary.anomalies
    rows = {
        "answered": f"{summary.succeeded:,} of {summary.planned:,} in {summary.seconds:.1f} s",
        "rate": f"{summary.achieved_rps:,.1f} requests, {anomalies.readings / summary.seconds:,.1f} readings a second",
        "failed": f"{summary.failed:,}",
        "sent over 10 ms late": f"{summary.late:,}",
        "anomalies": f"{anomalies.injected:,} injected, {anomalies.hits:,} of them found; {anomalies.found:,} found in all",
    }
    if summary.cut_short:
        rows["unanswered at the end"] = f"{summary.cut_short:,}"
    table = Table(show_header=False)
    for what, figure in rows.items():
        table.add_row(what, figure)
    return table


def _latencies(summary: LoadSummary) -> Table:
    table = Table("ms from when a request was due", "requests", "mean", "p50", "p95", "p99", "max")
    table.add_row("until it was answered or given up", *_cells(summary.latency_ms))
    for instance in summary.instances:
        table.add_row(f"  by {escape(instance.name)}", *_cells(instance.latency_ms))
    table.add_row("until this tool sent it, a worker being free", *_cells(summary.own_delay_ms))
    return table


def _cells(spread: LatencySpread | None) -> list[str]:
    if spread is None:
        return ["0"] + ["–"] * 5
    figures = (spread.mean, spread.p50, spread.p95, spread.p99, spread.max)
    return [f"{spread.count:,}", *(f"{x:,.2f}" for x in figures)]

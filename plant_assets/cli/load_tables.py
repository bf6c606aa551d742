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
    """A progress line, drawn whenever it is called.

    It never draws by itself: a thread of its own would take time from responses.
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
        f"{plan.requests:,} requests{batch} to {escape(target.address)}, {plan.rps:g} per second",
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
            description=f"{recorder.succeeded:,} succeeded, {errors}, {recorder.under_way} in flight, recent p99 {p99}",
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
        "succeeded": f"{summary.succeeded:,} of {summary.planned:,} in {summary.seconds:.1f} s",
        "rate": f"{summary.achieved_rps:,.1f} requests, {anomalies.readings / summary.seconds:,.1f} readings per second",
        "failed": f"{summary.failed:,}",
        "sent over 10 ms late": f"{summary.late:,}",
        "anomalies": f"{anomalies.injected:,} injected, {anomalies.hits:,} of them detected; {anomalies.found:,} detected in total",
    }
    if summary.cut_short:
        rows["without response at the end"] = f"{summary.cut_short:,}"
    table = Table(show_header=False)
    for what, figure in rows.items():
        table.add_row(what, figure)
    return table


def _latencies(summary: LoadSummary) -> Table:
    table = Table("latency in ms from the scheduled time", "requests", "mean", "p50", "p95", "p99", "max")
    table.add_row("to the response or the timeout", *_cells(summary.latency_ms))
    for instance in summary.instances:
        table.add_row(f"  by {escape(instance.name)}", *_cells(instance.latency_ms))
    table.add_row("to sending, where a worker was free", *_cells(summary.own_delay_ms))
    return table


def _cells(spread: LatencySpread | None) -> list[str]:
    if spread is None:
        return ["0"] + ["–"] * 5
    figures = (spread.mean, spread.p50, spread.p95, spread.p99, spread.max)
    return [f"{spread.count:,}", *(f"{x:,.2f}" for x in figures)]

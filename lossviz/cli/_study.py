"""``lossviz study``: plan, run and look after a study."""

from __future__ import annotations

from pathlib import Path

import click
from typing_extensions import override

from lossviz import study as studies
from lossviz.cli._process import orderly_end
from lossviz.problems import DataError

_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)


class _StudyCommands(click.Group):
    """Commands whose trouble is told in a line, not in a traceback."""

    @override
    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (studies.StudyError, DataError) as error:
            raise click.ClickException(str(error)) from error
        except (ValueError, TypeError) as error:
            raise click.UsageError(str(error)) from error
        except (KeyboardInterrupt, SystemExit):
            click.echo("Stopped. What is finished is safe; the same command goes on.", err=True)
            raise


@click.group(cls=_StudyCommands)
def study() -> None:
    """Plan, run and look after a study: many walks, computed in chunks that are never lost."""


@study.command()
@click.argument("plan")
def plan(plan: str) -> None:
    """Print PLAN, a preset (paper, laptop, smoke) or a TOML file, as TOML.

    Change what it prints, save it as a file that ends in .toml, and run that.
    """
    click.echo(studies.to_toml(studies.plan(plan)), nl=False)


@study.command()
@click.argument("plan")
@click.option("--only", multiple=True, help="A problem of the plan; the others are left out.")
@click.option("--quiet", is_flag=True, help="Show no progress bar.")
def cost(plan: str, only: tuple[str, ...], quiet: bool) -> None:
    """Time a little of PLAN on this machine, and say how many core-hours all of it takes."""
    with orderly_end():
        found = studies.cost(_chosen(plan, only), progress=False if quiet else None)
    click.echo(f"{'':14}{'steps':>14}{'ms each':>9}{'curved':>14}{'ms each':>9}{'core-hours':>12}")
    for row in found.itertuples():
        click.echo(
            f"{row.problem:14}{row.steps:14,}{row.step_ms:9.3f}{row.points:14,}"
            f"{row.point_ms:9.3f}{row.core_hours:12,.2f}"
        )
    click.echo(f"{'all':14}{found['core_hours'].sum():58,.2f}")


@study.command()
@click.argument("plan")
@click.option("--out", required=True, type=_FOLDER, help="The folder of the study.")
@click.option("--workers", default=1, show_default=True, help="Processes on this machine.")
@click.option("--scheduler", help="Address of a Dask scheduler, whose workers compute instead.")
@click.option("--only", multiple=True, help="A problem of the plan; the others are left out.")
@click.option("--quiet", is_flag=True, help="Show no progress bar.")
def run(
    plan: str, out: Path, workers: int, scheduler: str | None, only: tuple[str, ...], quiet: bool
) -> None:
    """Work through PLAN, a preset (paper, laptop, smoke) or a TOML file.

    A run that was stopped, however, goes on where it was. A finished one does nothing.
    """
    with orderly_end():
        done = studies.run(
            _chosen(plan, only),
            out,
            workers=workers,
            scheduler=scheduler,
            progress=False if quiet else None,
        )
    _tell(done)


@study.command()
@click.argument("folder", type=_FOLDER)
@click.option(
    "--out", type=_FOLDER, help="Where the report is written; FOLDER/report if not given."
)
@click.option("--analysis", type=_FILE, help="A TOML file with claims of your own.")
@click.option("--only", multiple=True, help="A problem that is reported; the others are left out.")
@click.option("--figures/--no-figures", default=True, show_default=True, help="Draw figures.")
@click.option("--quiet", is_flag=True, help="Show no progress bar and no verdicts.")
def report(
    folder: Path, out: Path | None, analysis: Path | None, only: tuple[str, ...], figures: bool,
    quiet: bool,
) -> None:  # fmt: skip
    """Judge the claims by the study in FOLDER: tables, verdicts and figures."""
    with orderly_end():
        found = studies.report(
            folder, out, analysis=analysis, only=only or None, figures=figures,
            progress=False if quiet else None,
        )  # fmt: skip
    if not quiet:
        for row in found.judgement.verdicts.itertuples():
            click.echo(f"{row.verdict:18}{row.text}")
            if row.under:
                click.echo(f"{'':18}{row.under}")
    click.echo(f"{len(found.files)} files in {found.files[0].parent}")


@study.command()
@click.argument("folder", type=_FOLDER)
def status(folder: Path) -> None:
    """Say how far the study in FOLDER has come, also while it runs."""
    _tell(studies.status(folder))


def _chosen(plan: str, only: tuple[str, ...]) -> studies.Plan:
    return studies.plan(plan, **({"only": only} if only else {}))


def _tell(found: studies.Status) -> None:
    click.echo(f"{found.name}: {found.done:,} of {found.chunks:,} chunks in {found.folder}")
    for name, (done, chunks) in found.by_problem.items():
        click.echo(f"{name:14}{done:8,} of {chunks:,}")
    click.echo(f"{'points':14}{found.points:8,} of {found.all_points:,}, {found.megabytes:.1f} MB")

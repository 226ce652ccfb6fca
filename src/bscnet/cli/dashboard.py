"""`bscnet dashboard`: views of a Weights & Biases project that compare chains and show the curves of their stages."""

from __future__ import annotations

import argparse
import json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("entity", help="user or team that the project belongs to")
    parser.add_argument("--project", default="bscnet", help="as in logger.project (default: bscnet)")
    parser.add_argument(
        "--print", action="store_true", help="print the definitions as JSON and send nothing: needs no account"
    )


def main(args: argparse.Namespace) -> int:
    """Save both views in the project and print where they are."""
    from bscnet.chain.wandb_dashboard import chain_view, stage_view

    views = [make(args.entity, args.project) for make in (chain_view, stage_view)]
    if args.print:
        definitions = [view._to_model().model_dump(mode="json", by_alias=True) for view in views]
        print(json.dumps(definitions, indent=1))
        return 0
    for view in views:
        view.save()
        print(f"{view.name}: {view.url}")
    return 0

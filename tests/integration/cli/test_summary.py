"""The summary of a run as JSON: what a unit test compares with what is written."""
import json
import pathlib

from cli_work import validate

DATA = pathlib.Path(__file__).parents[2] / "data/change"


def test_a_written_summary_conforms_to_its_schema():
    validate("summary", json.loads((DATA / "summary.json").read_text()))

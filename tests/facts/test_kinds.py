"""Old facts are read through upcasters; unknown ones are named, never guessed at."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from kiosk.errors import Problem
from kiosk.facts import envelope
from kiosk.facts.envelope import Fact
from kiosk.facts.kinds import Body, Registry
from kiosk.facts.vocabulary import REGISTRY
from tests.makers import a_fact

SAMPLES = sorted((Path(__file__).parent / "samples").glob("*.json"))


class LampLit(Body, frozen=True):
    """Version 3. Version 1 had `watts`; version 2 said `power`, in milliwatts."""

    power: int
    colour: str


def a_registry() -> Registry:
    registry = Registry()
    registry.kind("lamp.lit", version=3)(LampLit)
    registry.upcaster("lamp.lit", 1)(lambda body: {"power": body["watts"] * 1000})
    registry.upcaster("lamp.lit", 2)(lambda body: {**body, "colour": "white"})
    return registry


def a_lamp(v: int, **body: Any) -> Fact:
    return msgspec.structs.replace(a_fact(kind="lamp.lit", v=v), body=body)


@pytest.mark.parametrize(
    ("v", "body"), [(1, {"watts": 5}), (2, {"power": 5000}), (3, {"power": 5000, "colour": "white"})]
)
def test_every_version_is_read_in_today_s_shape(v: int, body: dict[str, Any]):
    assert a_registry().read(a_lamp(v, **body)) == LampLit(power=5000, colour="white")


def test_reading_leaves_the_fact_as_written():
    fact = a_lamp(1, watts=5)
    a_registry().read(fact)
    assert fact.body == {"watts": 5}


@pytest.mark.parametrize("fact", [a_lamp(4), a_fact(kind="lamp.dropped"), a_fact(kind="body.none")], ids=str)
def test_what_is_newer_or_unknown_is_named(fact: Fact):
    with pytest.raises(Problem) as caught:
        a_registry().read(fact)
    assert caught.value.code == "fact.unknown_kind"
    assert caught.value.details == {"kind": fact.kind, "version": fact.v}


@pytest.mark.parametrize(
    ("v", "body"),
    [
        (1, {}),
        (1, {"watts": "5"}),
        (1, {"watts": None}),
        (2, {"power": 5, "more": 1}),
        (3, {"power": True, "colour": "red"}),
        (3, {"power": 5}),
    ],
)
def test_a_body_out_of_shape_is_malformed(v: int, body: dict[str, Any]):
    with pytest.raises(Problem) as caught:
        a_registry().read(a_lamp(v, **body))
    assert caught.value.code == "fact.malformed"


def test_a_kind_is_registered_once():
    with pytest.raises(ValueError, match="twice"):
        a_registry().kind("lamp.lit")(LampLit)


# --- the kinds of this release --------------------------------------------------------------------


def test_every_version_of_every_kind_has_a_sample():
    wanted = {f"{name}.v{v}" for name in REGISTRY.names() for v in range(1, REGISTRY.version_of(name) + 1)}
    assert {sample.stem for sample in SAMPLES} == wanted


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
def test_a_sample_is_read_for_ever(sample: Path):
    """Written once, by the release that introduced it. If this fails, the code is wrong, not the sample."""
    line = sample.read_bytes().removesuffix(b"\n")
    fact = envelope.decode(line)
    assert envelope.encode(fact) == line
    assert f"{fact.kind}.v{fact.v}" == sample.stem
    assert REGISTRY.name_of(REGISTRY.read(fact)) == fact.kind

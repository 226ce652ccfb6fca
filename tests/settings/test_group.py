from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest

from bscnet.errors import InputError
from bscnet.settings.check import check, foreign_key, read, require_known
from bscnet.settings.group import OWN, OWN_OR_NULL, as_plain, defaults, settings_of
from bscnet.settings.numbers import Count, Positive


@dataclass(frozen=True, kw_only=True)
class Wheel:
    size: Annotated[Positive, "metres"]
    spokes: Count = 8


@dataclass(frozen=True, kw_only=True)
class Cart:
    name: str
    kind: Annotated[Literal["hand", "ox"], "what draws it"] = "hand"
    owner: str | None = None
    lamp: bool | None = None
    level: Literal[1, 2] | None = None
    spare: Wheel | None = Wheel(size=0.5)
    wheels: tuple[Wheel, ...] = (Wheel(size=1.0), Wheel(size=1.0))
    loads: Mapping[str, Positive] | None = None
    bell: Annotated[Count | None, OWN, "of some"] = None
    horn: Annotated[Count | None, OWN_OR_NULL, "of some"] = None


@dataclass(frozen=True, kw_only=True)
class Sledge:
    name: str
    further: Mapping[str, Any]


def refused(values: dict[str, Any]) -> str:
    with pytest.raises(InputError) as caught:
        check(Cart, values, "cart")
    return str(caught.value)


def test_defaults_are_plain_and_leave_out_what_only_some_choices_have():
    wheel = {"size": 1.0, "spokes": 8}
    assert defaults(Cart) == {
        **{"name": "???", "kind": "hand", "owner": None, "lamp": None, "level": None, "loads": None},
        **{"spare": {"size": 0.5, "spokes": 8}, "wheels": [wheel, wheel]},
    }


def test_a_field_says_what_it_means():
    assert settings_of(Cart)["kind"].about == "what draws it"
    assert settings_of(Wheel)["size"].about == "metres"


@pytest.mark.parametrize(
    "values, sentence",
    [
        ({"kind": "dog"}, "cart.kind=dog is not known: allowed are hand, ox"),
        ({"lamp": "on"}, "cart.lamp=on is not known: allowed are null, true, false"),
        ({"level": True}, "cart.level=true is not known: allowed are null, 1, 2"),
        ({"owner": ""}, "cart.owner= is not usable: it must be a text, null"),
        ({"name": None}, "cart.name=null is not usable: it must be a text"),
        ({"bell": 0}, "cart.bell=0 is not usable: it must be a whole number from 1 up"),
        ({"bell": None}, "cart.bell=null is not usable: it must be a whole number from 1 up"),
        ({"horn": 0}, "cart.horn=0 is not usable: it must be a whole number from 1 up, null"),
        ({"spare": {"size": 0}}, "cart.spare.size=0 is not usable: it must be a number above 0"),
        ({"spare": 3}, "cart.spare=3 is not usable: it must be keys and values"),
        ({"wheels": []}, "cart.wheels=[] is not usable: it must be a list with at least one row"),
        ({"wheels": [{"size": 1}, 7]}, "cart.wheels[1]=7 is not usable: it must be keys and values"),
        ({"wheels": [{"size": 1, "spokes": 1.5}]}, "cart.wheels[0].spokes=1.5 is not usable: it must be a whole"),
        ({"wheels": None}, "cart.wheels=null is not usable: it must be a list with at least one row"),
        ({"loads": {"hay": -1}}, "cart.loads.hay=-1 is not usable: it must be a number above 0"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(values, sentence):
    assert refused(values).startswith(sentence)


def test_nulls_interpolations_and_absent_values_pass():
    check(Cart, {"spare": None, "loads": None, "owner": None, "kind": "${other}", "wheels": [{"size": "${size}"}]})


def test_values_are_read_into_the_group():
    cart = read(Cart, {"name": "a", "wheels": [{"size": 2, "spokes": 3}], "spare": None, "loads": {"hay": 1}})
    assert cart == Cart(name="a", wheels=(Wheel(size=2, spokes=3),), spare=None, loads={"hay": 1})
    assert as_plain(cart)["wheels"] == [{"size": 2, "spokes": 3}]
    with pytest.raises(InputError, match="cart.wheels\\[0\\].size: no value is given"):
        read(Cart, {"name": "a", "wheels": [{}]}, "cart")


def test_a_key_that_is_no_setting_is_named_with_those_that_are():
    with pytest.raises(InputError, match="cart.sise is not a setting: cart has name, kind, owner"):
        require_known(Cart, {"sise": 1}, "cart")
    with pytest.raises(InputError, match=r"cart.wheels\[0\].sise is not a setting: cart.wheels\[0\] has size, spokes"):
        require_known(Cart, {"wheels": [{"sise": 1}]}, "cart")
    require_known(Cart, {"name": "a", "wheels": [{"size": 1}], "spare": None}, "cart")


def test_a_dotted_key_is_told_from_a_setting():
    assert str(foreign_key(Cart, "spare.sise")) == "spare.sise is not a setting: spare has size, spokes"
    assert str(foreign_key(Cart, "sise")).startswith("sise is not a setting: the configuration has name, kind")
    for known in ("name", "spare.size", "wheels", "loads.hay", "wheels.0.size"):
        assert foreign_key(Cart, known) is None
    assert foreign_key(Sledge, "runners") is None


def test_an_open_group_keeps_what_it_does_not_name():
    require_known(Sledge, {"name": "b", "runners": 2})
    assert read(Sledge, {"name": "b", "runners": 2}).further == {"runners": 2}

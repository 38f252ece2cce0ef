"""What an environment becomes: settings, or every problem in it at once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import SecretStr

from ospilot.errors import ConfigurationError, ExitCode, Problem
from ospilot.settings.model import FALSE_WORDS, TRUE_WORDS, Settings, from_environment, variables

LEAST = {"GLIDEIN_Site": "S", "GLIDEIN_ResourceName": "R", "POOL": "cm.example.org"}
"""The least that a pilot needs to be told."""

SENTENCE_WORDS = "is not host:port of a central manager"


def problems_of(environ: dict[str, str]) -> dict[str, Problem]:
    with pytest.raises(ConfigurationError) as caught:
        from_environment(environ)
    return {problem.name: problem for problem in caught.value.problems}


def outcome(environ: dict[str, str]) -> Settings | ConfigurationError:
    try:
        return from_environment(environ)
    except ConfigurationError as error:
        return error


@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("GLIDEIN_Site", "MyUniversity", "site", "MyUniversity"),
        ("GLIDEIN_ResourceName", "My Cluster", "resource", "My Cluster"),
        ("POOL", "cm.example.org:9619", "pool", "cm.example.org:9619"),
        ("TOKEN", "abc.def.ghi", "token", SecretStr("abc.def.ghi")),
        ("NUM_CPUS", "8", "num_cpus", 8),
        ("MEMORY", "16384", "memory_mb", 16384),
        ("ACCEPT_IDLE_MINUTES", "0.5", "accept_idle_minutes", 0.5),
        ("GLIDEIN_RANDOMIZE_NAME", "yes", "randomize_name", True),
        ("OSPILOT_SCRATCH", "/var/lib/pilot", "scratch", "/var/lib/pilot"),
        ("OSPILOT_STOP_GRACE", "604800", "stop_grace", 604800),
        ("OSPILOT_ISOLATION", "required", "isolation", "required"),
        ("OSPILOT_EXIT_CODES", "detailed", "exit_codes", "detailed"),
    ],
)
def test_each_variable_reaches_its_own_field_and_no_other(
    name: str, text: str, field: str, value: object
) -> None:
    before = from_environment(LEAST).model_dump()
    after = from_environment({**LEAST, name: text}).model_dump()
    assert after == {**before, field: value}


def test_the_table_above_knows_every_variable_there_is() -> None:
    assert set(variables()) == {
        "GLIDEIN_Site",
        "GLIDEIN_ResourceName",
        "POOL",
        "TOKEN",
        "NUM_CPUS",
        "MEMORY",
        "ACCEPT_IDLE_MINUTES",
        "GLIDEIN_RANDOMIZE_NAME",
        "OSPILOT_SCRATCH",
        "OSPILOT_STOP_GRACE",
        "OSPILOT_ISOLATION",
        "OSPILOT_EXIT_CODES",
    }


def test_what_nobody_set_has_the_defaults_of_the_contract() -> None:
    found = from_environment(LEAST)
    assert (found.token, found.num_cpus, found.memory_mb) == (None, None, None)
    assert (found.accept_idle_minutes, found.randomize_name, found.scratch) == (30, False, "/pilot")
    assert (found.stop_grace, found.isolation, found.exit_codes) == (10, "auto", "plain")


def test_an_empty_environment_is_told_every_missing_variable_in_one_go() -> None:
    found = problems_of({})
    assert set(found) == {"GLIDEIN_Site", "GLIDEIN_ResourceName", "POOL"}
    for name, problem in found.items():
        assert problem.reason == "is not set"
        assert problem.value is None
        assert f"{name}=" in problem.fix


def test_missing_malformed_and_misspelt_variables_are_told_together() -> None:
    found = problems_of(
        {"POOL": "no", "NUM_CPUS": "abc", "MEMORY": "-5", "OSPILOT_STOPGRACE": "5", "GLIDEIN_Sitee": "S"}
    )
    assert set(found) == {
        "GLIDEIN_Site",
        "GLIDEIN_ResourceName",
        "POOL",
        "NUM_CPUS",
        "MEMORY",
        "OSPILOT_STOPGRACE",
        "GLIDEIN_Sitee",
    }


@pytest.mark.parametrize("empty", ["", " ", "\t", " \n "])
@pytest.mark.parametrize("name", sorted(variables()))
def test_an_empty_value_counts_as_not_set(name: str, empty: str) -> None:
    given_empty = {**LEAST, name: empty}
    without = {key: value for key, value in LEAST.items() if key != name}
    if name in LEAST:
        assert problems_of(given_empty) == problems_of(without)
    else:
        assert from_environment(given_empty) == from_environment(without)


@pytest.mark.parametrize("name", ["NUM_CPUS", "MEMORY"])
@pytest.mark.parametrize("text", ["abc", "-5", "0", "1e3", "8.5", "8 8", "0x10", "9" * 5000, "٣", "+-1"])
def test_an_amount_that_is_no_whole_number_from_one_is_refused_with_its_value(name: str, text: str) -> None:
    found = problems_of({**LEAST, name: text})
    assert list(found) == [name]
    assert found[name].value == text
    assert f"{name}=" in found[name].fix


@pytest.mark.parametrize("name", ["NUM_CPUS", "MEMORY"])
@pytest.mark.parametrize(("text", "amount"), [("1", 1), (" 8 ", 8), ("\t16\n", 16), ("65536", 65536)])
def test_blanks_around_an_amount_do_not_matter(name: str, text: str, amount: int) -> None:
    found = from_environment({**LEAST, name: text})
    assert amount in (found.num_cpus, found.memory_mb)


@pytest.mark.parametrize("text", ["0", "-1", "604801", "120.5", "2m", "inf"])
def test_a_stop_grace_outside_one_second_to_seven_days_is_refused(text: str) -> None:
    assert list(problems_of({**LEAST, "OSPILOT_STOP_GRACE": text})) == ["OSPILOT_STOP_GRACE"]


@pytest.mark.parametrize("text", ["0", "-1", "inf", "-inf", "nan", "half", "1e999"])
def test_an_idle_time_that_is_no_positive_finite_number_is_refused(text: str) -> None:
    assert list(problems_of({**LEAST, "ACCEPT_IDLE_MINUTES": text})) == ["ACCEPT_IDLE_MINUTES"]


@pytest.mark.parametrize(
    ("text", "pool"),
    [
        ("cm.example.org", "cm.example.org:9618"),
        ("cm.example.org:1", "cm.example.org:1"),
        ("cm.example.org:65535", "cm.example.org:65535"),
        (" cm.example.org:9618\n", "cm.example.org:9618"),
        ("cm-1.Example.org", "cm-1.Example.org:9618"),
        ("cm:9618", "cm:9618"),
        ("192.0.2.7", "192.0.2.7:9618"),
        ("192.0.2.7:4000", "192.0.2.7:4000"),
        ("localhost", "localhost:9618"),
        ("localhost:4000", "localhost:4000"),
    ],
)
def test_a_pool_is_a_host_with_the_port_of_the_collector_unless_one_is_said(text: str, pool: str) -> None:
    assert from_environment({**LEAST, "POOL": text}).pool == pool


@pytest.mark.parametrize(
    "text",
    [
        "cm.example.org:0",
        "cm.example.org:00000",
        "cm.example.org:65536",
        "cm.example.org:99999",
        "cm.example.org:123456",
        "cm.example.org:port",
        "cm.example.org:",
        "cm.example.org:-1",
        "cm.example.org:9618:9618",
        ":9618",
        ":",
        ".",
        "-cm.example.org",
        "cm.example.org-",
        ".example.org",
        'cm.example.org"',
        "cm.example.org'",
        '"cm.example.org"',
        "cm example.org",
        "cm.example.org: 9618",
        "cm.example.org\nCONDOR_HOST = evil.org",
        "cm.example.org:9618\nX=1",
        "cm.example.org\x00",
        "$(FULL_HOSTNAME).org",
        "<192.0.2.7:9618>",
        "192.0.2.7:9618?sock=collector",
        "http://cm.example.org",
        "user@cm.example.org",
        "a.org,b.org",
        "cm_1.example.org",
        "[::1]:9618",
        "bücher.example.org",
    ],
)
def test_a_pool_that_is_no_host_and_port_is_refused_with_its_value(text: str) -> None:
    found = problems_of({**LEAST, "POOL": text})
    assert list(found) == ["POOL"]
    assert found["POOL"].value == text
    assert "POOL=cm.example.org:9618" in found["POOL"].fix


@pytest.mark.parametrize("text", ["prod-ospool", "itb-ospool", "cm"])
def test_a_pool_known_by_name_only_is_refused_in_a_sentence_that_says_so(text: str) -> None:
    reason = problems_of({**LEAST, "POOL": text})["POOL"].reason
    assert SENTENCE_WORDS in reason
    assert "named pools" in reason


def test_a_port_out_of_range_is_called_that() -> None:
    assert "port outside 1 to 65535" in problems_of({**LEAST, "POOL": "cm:65536"})["POOL"].reason


@pytest.mark.parametrize("word", sorted(TRUE_WORDS | FALSE_WORDS))
def test_the_words_of_a_boolean_count_in_any_case(word: str) -> None:
    for spelling in (word, word.upper(), word.capitalize(), word.swapcase(), f"  {word}\t"):
        found = from_environment({**LEAST, "GLIDEIN_RANDOMIZE_NAME": spelling})
        assert found.randomize_name is (word in TRUE_WORDS)


def test_the_words_of_a_boolean_are_those_of_the_existing_system() -> None:
    assert {"y", "yes", "t", "true", "on", "1"} == TRUE_WORDS
    assert {"n", "no", "f", "false", "off", "0"} == FALSE_WORDS


@pytest.mark.parametrize("word", ["maybe", "2", "tru", "yess", "-1", "none", "10", "1.0"])
def test_a_word_that_is_neither_true_nor_false_is_refused(word: str) -> None:
    found = problems_of({**LEAST, "GLIDEIN_RANDOMIZE_NAME": word})
    assert found["GLIDEIN_RANDOMIZE_NAME"].value == word
    assert "neither true" in found["GLIDEIN_RANDOMIZE_NAME"].reason


@pytest.mark.parametrize("name", ["OSPILOT_ISOLATION", "OSPILOT_EXIT_CODES"])
def test_a_choice_that_does_not_exist_is_answered_with_those_that_do(name: str) -> None:
    reason = problems_of({**LEAST, name: "strong"})[name].reason
    assert ("'required'" in reason) == (name == "OSPILOT_ISOLATION")
    assert ("'detailed'" in reason) == (name == "OSPILOT_EXIT_CODES")


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("GLIDEIN_Resourcename", "GLIDEIN_ResourceName"),
        ("GLIDEIN_ResourceNames", "GLIDEIN_ResourceName"),
        ("OSPILOT_STOPGRACE", "OSPILOT_STOP_GRACE"),
        ("OSPILOT_ISOLATON", "OSPILOT_ISOLATION"),
        ("OSPILOT_EXIT_CODE", "OSPILOT_EXIT_CODES"),
        ("ACCEPT_IDLE_MINUTE", "ACCEPT_IDLE_MINUTES"),
        ("GLIDEIN_RANDOMISE_NAME", "GLIDEIN_RANDOMIZE_NAME"),
    ],
)
def test_a_misspelt_name_is_answered_with_the_nearest_right_one(wrong: str, right: str) -> None:
    environ = {key: value for key, value in LEAST.items() if key != right}
    found = problems_of({**environ, wrong: "5"})
    assert found[wrong].fix == f"did you mean {right}?"
    assert found[wrong].value == "5"


@pytest.mark.parametrize(
    "name", ["GLIDEIN_Collector_Port", "OSPILOT_IMAGE", "PATH", "POOLS", "_CONDOR_NUM_CPUS", "SITE", "TOKENS"]
)
def test_variables_that_resemble_nothing_of_ours_are_left_alone(name: str) -> None:
    assert from_environment({**LEAST, name: "x"}) == from_environment(LEAST)


@pytest.mark.parametrize("name", ["GLIDEIN_Site", "GLIDEIN_ResourceName"])
@pytest.mark.parametrize("character", ["\n", "\r", "\t", "\x00", "\x1b", "\x7f"])
def test_control_characters_inside_a_text_are_refused(name: str, character: str) -> None:
    found = problems_of({**LEAST, name: f"/a{character}b"})
    assert list(found) == [name]
    assert "control character" in found[name].reason
    assert character not in found[name].sentence()


def test_settings_cannot_be_changed_afterwards() -> None:
    found: Any = from_environment(LEAST)
    with pytest.raises(ValueError, match="frozen"):
        found.site = "other"


SECRETS = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=24, max_size=60)


@given(secret=SECRETS)
def test_the_value_of_token_shows_in_no_representation(secret: str) -> None:
    found = from_environment({**LEAST, "TOKEN": secret})
    assert found.token is not None
    assert found.token.get_secret_value() == secret
    for shown in (repr(found), str(found), found.model_dump_json(), str(found.model_dump())):
        assert secret not in shown


@given(secret=SECRETS)
def test_the_value_of_token_shows_in_no_message(secret: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        from_environment({"TOKEN": secret, "NUM_CPUS": "abc", "OSPILOT_STOPGRACE": "1"})
    error = caught.value
    for shown in (
        str(error),
        repr(error),
        repr(error.problems),
        repr(error.__cause__),
        str(error.__context__),
    ):
        assert secret not in shown


@given(environ=st.dictionaries(st.sampled_from(sorted(variables())), st.text(max_size=30)))
@example(environ={"NUM_CPUS": "9" * 5000})
@example(environ={"ACCEPT_IDLE_MINUTES": "1_0", "POOL": "\u2028", "GLIDEIN_Site": "\u0130"})
def test_any_text_in_any_variable_gives_settings_or_a_configuration_error(environ: dict[str, str]) -> None:
    found = outcome(environ)
    if isinstance(found, ConfigurationError):
        assert found.exit_code is ExitCode.CONFIGURATION
        assert found.problems
        assert {problem.name for problem in found.problems} <= set(variables())
        assert all(problem.fix and problem.reason for problem in found.problems)


@given(name=st.sampled_from(sorted(variables())), text=st.text(max_size=40))
def test_one_wrong_variable_never_brings_problems_of_another(name: str, text: str) -> None:
    found = outcome({**LEAST, name: text})
    if isinstance(found, ConfigurationError):
        assert [problem.name for problem in found.problems] == [name]


@given(text=st.text(st.sampled_from("abz019.-:$\" '\n\\[]"), max_size=25))
def test_an_accepted_pool_holds_nothing_but_a_host_name_and_a_port(text: str) -> None:
    found = outcome({**LEAST, "POOL": text})
    if isinstance(found, ConfigurationError):
        return
    host, _, port = found.pool.rpartition(":")
    assert set(host) <= set("abz019.-")
    assert host[0].isalnum()
    assert host[-1].isalnum()
    assert 0 < int(port) < 65536


@pytest.mark.parametrize("path", ["rel", "/with blank", "/a\nb", "/quote'", "/$HOME", "/a;b", "", "~/x"])
def test_a_scratch_path_that_htcondor_could_misread_is_refused(path: str) -> None:
    if path:
        [found] = problems_of({**LEAST, "OSPILOT_SCRATCH": path}).values()
        assert found.name == "OSPILOT_SCRATCH"
        assert "absolute path" in found.reason
    else:
        assert from_environment({**LEAST, "OSPILOT_SCRATCH": path}).scratch == "/pilot"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ACCEPT_IDLE_MINUTES", "1e308"),
        ("NUM_CPUS", "9" * 30),
        ("MEMORY", "9" * 30),
        ("GLIDEIN_Site", "Universit\udce9"),
        ("POOL", "cm.example.org:٩٦"),
        ("POOL", "a..b:1"),
    ],
)
def test_values_that_would_break_something_later_are_refused_at_once(name: str, value: str) -> None:
    assert list(problems_of({**LEAST, name: value})) == [name]


@pytest.mark.parametrize("name", ["GLIDEIN_SITE", "glidein_site", "Glidein_Sit"])
def test_a_misspelling_is_recognised_in_any_case(name: str) -> None:
    without = {key: value for key, value in LEAST.items() if key != "GLIDEIN_Site"}
    found = problems_of({**without, name: "x"}).values()
    assert "did you mean GLIDEIN_Site?" in {one.fix for one in found}


def test_an_empty_misspelling_is_no_problem_and_an_empty_right_name_hides_none() -> None:
    assert from_environment({**LEAST, "OSPILOT_STOPGRACE": ""}).stop_grace == 10
    [found] = problems_of({**LEAST, "OSPILOT_STOPGRACE": "5", "OSPILOT_STOP_GRACE": ""}).values()
    assert "OSPILOT_STOP_GRACE" in found.fix

"""Tokens: which ones can be used now, and what is said about the others."""

from __future__ import annotations

import os
from pathlib import Path

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ospilot.errors import ConfigurationError, ExitCode, Problem
from ospilot.tokens.judge import SIZE_LIMIT, TOKEN_NAME, Token, collect, judge, read_directory

NOW = 1_790_000_000.0
KEY = "a key that only the pool holds, long enough for HS256"


def made(**claims: object) -> str:
    """Return a token with the claims of one that a pool issues, unless others are given."""
    usual = {
        "iss": "cm.example.org",
        "sub": "pilot@cm.example.org",
        "iat": int(NOW) - 60,
        "exp": int(NOW) + 3600,
        "scope": "condor:/ADVERTISE_STARTD condor:/ADVERTISE_MASTER",
    }
    merged = {name: value for name, value in {**usual, **claims}.items() if value is not None}
    return jwt.encode(merged, KEY, algorithm="HS256")


def good(text: str) -> Token:
    judged = judge("t", text, origin="the origin", now=NOW)
    assert isinstance(judged, Token), judged
    return judged


def bad(text: str, *, now: float = NOW) -> Problem:
    judged = judge("t", text, origin="the origin", now=now)
    assert isinstance(judged, Problem), judged
    return judged


def test_a_good_token_tells_issuer_subject_scopes_and_end() -> None:
    text = made()
    assert good(text) == Token(
        name="t",
        text=text,
        issuer="cm.example.org",
        subject="pilot@cm.example.org",
        scopes=("condor:/ADVERTISE_STARTD", "condor:/ADVERTISE_MASTER"),
        expires=NOW + 3600,
    )


def test_a_token_without_an_end_never_expires() -> None:
    assert good(made(exp=None)).expires is None


def test_a_token_that_says_nothing_about_itself_can_still_be_used() -> None:
    token = good(jwt.encode({}, KEY))
    assert (token.issuer, token.subject, token.scopes, token.expires) == ("", "", (), None)


def test_the_signature_is_not_judged_since_only_the_pool_can() -> None:
    assert (
        good(jwt.encode({"sub": "x"}, "another key, one that this pool has never seen before")).subject == "x"
    )


@pytest.mark.parametrize(("left", "usable"), [(-3600, False), (-1, False), (0, False), (1, True)])
def test_a_token_is_good_until_the_second_it_expires(left: int, usable: bool) -> None:  # noqa: FBT001
    judged = judge("t", made(exp=int(NOW) + left), origin="o", now=NOW)
    assert isinstance(judged, Token) is usable


def test_an_expired_token_is_told_the_day_and_the_way_out() -> None:
    problem = bad(made(exp=1_700_000_000))
    assert problem.reason == "expired on 2023-11-14 22:13 UTC"
    assert problem.fix == "ask the pool for a new token"


@pytest.mark.parametrize("claim", ["nbf", "iat"])
def test_a_token_from_the_future_points_at_the_clock_of_this_host(claim: str) -> None:
    problem = bad(made(**{claim: 1_800_000_000, "exp": 1_900_000_000}))
    assert "valid only from 2027-01-15 08:00 UTC" in problem.reason
    assert "clock" in problem.fix


@pytest.mark.parametrize("claim", ["nbf", "iat"])
def test_a_clock_that_is_a_minute_behind_does_no_harm(claim: str) -> None:
    assert good(made(**{claim: int(NOW) + 60}))
    assert bad(made(**{claim: int(NOW) + 61}))


def test_when_a_token_becomes_valid_counts_more_than_when_it_was_made() -> None:
    assert good(made(iat=int(NOW) + 9999, nbf=int(NOW) - 1))


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "a.b.c",
        "..",
        "{}",
        "-----BEGIN PRIVATE KEY-----",
        "<html>not found</html>",
        "ünïcode.ünï.cödé",
        "eyJhbGciOiJIUzI1NiJ9",
        "eyJhbGciOiJIUzI1NiJ9.W10.AAAA",  # the claims are a list
        "\x00\x01",
    ],
)
def test_what_is_no_token_is_refused_with_a_way_out(text: str) -> None:
    problem = bad(text)
    assert "is not a token" in problem.reason
    assert "copy the whole token" in problem.fix


@pytest.mark.parametrize("wreck", ['"{}"', "'{}'", "{0}\n{0}", "TOKEN={}", "Bearer {}"])
def test_a_token_with_something_around_it_is_refused(wreck: str) -> None:
    assert "is not a token" in bad(wreck.format(made())).reason


def test_a_token_cut_off_in_its_claims_is_refused() -> None:
    text = made()
    assert "is not a token" in bad(text[: text.rindex(".") - 5]).reason


def test_an_empty_token_is_called_empty() -> None:
    problem = bad("")
    assert problem.reason == "is empty"
    assert problem.name == "the origin"


@given(text=st.text(max_size=200))
def test_any_text_is_judged_without_an_accident_and_never_quoted(text: str) -> None:
    judged = judge("t", text, origin="o", now=NOW)
    assert isinstance(judged, Problem)
    assert judged.value is None
    assert judged.exit_code is ExitCode.TOKEN


@given(subject=st.text(max_size=30), issuer=st.text(max_size=30))
def test_the_representation_of_a_token_hides_its_text(subject: str, issuer: str) -> None:
    token = good(made(sub=subject, iss=issuer))
    for shown in (repr(token), str(token), f"{token}", repr([token]), repr({"t": token})):
        assert token.text not in shown
        assert token.text.rpartition(".")[2] not in shown


def write(directory: Path, name: str, text: str) -> None:
    directory.mkdir(exist_ok=True)
    (directory / name).write_text(text)


def test_a_good_file_is_found_by_its_name_and_trimmed(tmp_path: Path) -> None:
    text = made()
    write(tmp_path, "pool", f"\n  {text}  \n\n")
    tokens, problems = collect(mounted=tmp_path, given=None, now=NOW)
    assert problems == []
    assert [(token.name, token.text) for token in tokens] == [("pool", text)]


def test_several_files_are_all_found(tmp_path: Path) -> None:
    for name in ("b", "a", TOKEN_NAME):
        write(tmp_path, name, made(sub=name))
    tokens, problems = collect(mounted=tmp_path, given=None, now=NOW)
    assert problems == []
    assert {token.name: token.subject for token in tokens} == {name: name for name in ("a", "b", TOKEN_NAME)}


def test_a_directory_in_place_of_a_file_is_explained(tmp_path: Path) -> None:
    (tmp_path / "pool").mkdir()
    tokens, problems = collect(mounted=tmp_path, given=None, now=NOW)
    assert tokens == []
    assert [problem.name for problem in problems] == [str(tmp_path / "pool")]
    assert "is a directory, not a token file" in problems[0].reason
    assert "remove the empty directory" in problems[0].fix


@pytest.mark.parametrize("text", ["", " ", "\n", " \t\r\n "])
def test_a_file_without_text_is_called_empty(tmp_path: Path, text: str) -> None:
    write(tmp_path, "pool", text)
    tokens, problems = collect(mounted=tmp_path, given=None, now=NOW)
    assert tokens == []
    assert [(problem.name, problem.reason) for problem in problems] == [(str(tmp_path / "pool"), "is empty")]


def test_a_dangling_link_is_told_with_the_uid_that_tried(tmp_path: Path) -> None:
    (tmp_path / "pool").symlink_to(tmp_path / "gone")
    tokens, problems = collect(mounted=tmp_path, given=None, now=NOW)
    assert tokens == []
    assert f"cannot be read by uid {os.getuid()}" in problems[0].reason
    assert f"chown {os.getuid()}" in problems[0].fix


def test_a_link_in_a_circle_is_a_problem_and_no_accident(tmp_path: Path) -> None:
    (tmp_path / "pool").symlink_to(tmp_path / "pool")
    assert len(collect(mounted=tmp_path, given=None, now=NOW)[1]) == 1


def test_a_pipe_that_nobody_writes_to_does_not_hold_up_the_start(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pool")
    tokens, problems = collect(mounted=tmp_path, given=None, now=NOW)
    assert tokens == []
    assert len(problems) == 1


def test_a_file_that_is_no_text_is_called_that(tmp_path: Path) -> None:
    (tmp_path / "pool").write_bytes(b"\xff\xfe\x00binary")
    assert "is not text" in collect(mounted=tmp_path, given=None, now=NOW)[1][0].reason


def test_a_flood_is_read_only_up_to_the_limit(tmp_path: Path) -> None:
    write(tmp_path, "pool", "x" * (SIZE_LIMIT + 1000))
    found, problems = read_directory(tmp_path)
    assert problems == []
    assert len(found[0][1]) == SIZE_LIMIT


def test_the_machinery_of_kubernetes_is_not_taken_for_tokens(tmp_path: Path) -> None:
    generation = tmp_path / "..2026_01_01"
    generation.mkdir()
    (generation / "pool").write_text(made())
    (tmp_path / "..data").symlink_to(generation.name)
    (tmp_path / "pool").symlink_to("..data/pool")
    tokens, problems = collect(mounted=tmp_path, given=None, now=NOW)
    assert problems == []
    assert [token.name for token in tokens] == ["pool"]


def test_token_takes_the_place_of_the_file_of_the_same_name(tmp_path: Path) -> None:
    write(tmp_path, TOKEN_NAME, made(sub="file"))
    write(tmp_path, "other", made(sub="other"))
    tokens, problems = collect(mounted=tmp_path, given=made(sub="variable"), now=NOW)
    assert problems == []
    assert {token.name: token.subject for token in tokens} == {TOKEN_NAME: "variable", "other": "other"}


def test_token_works_without_any_directory(tmp_path: Path) -> None:
    text = made()
    tokens, problems = collect(mounted=tmp_path / "none", given=f" {text}\n", now=NOW)
    assert problems == []
    assert [(token.name, token.text) for token in tokens] == [(TOKEN_NAME, text)]


def test_a_bad_value_of_token_is_told_under_the_name_of_the_variable(tmp_path: Path) -> None:
    _, problems = collect(mounted=tmp_path, given="not-a-token-at-all", now=NOW)
    assert [problem.name for problem in problems] == ["TOKEN"]
    assert "not-a-token-at-all" not in problems[0].sentence()


def test_no_token_at_all_is_one_problem_that_names_the_place(tmp_path: Path) -> None:
    for mounted in (tmp_path, tmp_path / "none"):
        tokens, problems = collect(mounted=mounted, given=None, now=NOW)
        assert tokens == []
        assert len(problems) == 1
        assert str(mounted / TOKEN_NAME) in problems[0].fix


def test_a_file_in_place_of_the_directory_is_a_problem_and_no_accident(tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text(made())
    _, problems = collect(mounted=tmp_path / "tokens", given=None, now=NOW)
    assert "cannot be listed" in problems[0].reason


def test_every_problem_of_a_directory_is_told_and_each_leads_to_exit_code_21(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    write(tmp_path, "b", "")
    write(tmp_path, "c", "what is this")
    write(tmp_path, "d", made(exp=1))
    write(tmp_path, "e", made())
    tokens, problems = collect(mounted=tmp_path, given=None, now=NOW)
    assert [token.name for token in tokens] == ["e"]
    assert sorted(Path(problem.name).name for problem in problems) == ["a", "b", "c", "d"]
    assert all(problem.fix for problem in problems)
    assert ConfigurationError(problems).exit_code == 21


@pytest.mark.parametrize("claim", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("when", [1e300, -1e300, 1_790_000_000_000, 1_790_000_000_000_000])
def test_times_that_no_calendar_has_are_a_problem_or_far_away_but_never_a_crash(
    claim: str, when: float
) -> None:
    judged = judge("t", made(**{claim: when}), origin="the origin", now=NOW)
    assert isinstance(judged, Token) or judged.exit_code is ExitCode.TOKEN


@pytest.mark.parametrize("text", ["a\udce9.b.c", "e30.e30.x", "....", "a.b.", "eyJhbGciOiJIUzI1NiJ9.W10.x"])
def test_what_only_looks_like_a_token_is_named_so(text: str) -> None:
    assert "is not a token" in bad(text).reason


def test_a_token_without_its_signature_is_cut_and_refused() -> None:
    assert "is not a token" in bad(made().rpartition(".")[0] + ".").reason


def test_a_blank_token_variable_leaves_the_mounted_file_in_place(tmp_path: Path) -> None:
    (tmp_path / TOKEN_NAME).write_text(made())
    tokens, problems = collect(mounted=tmp_path, given="  ", now=NOW)
    assert [token.name for token in tokens] == [TOKEN_NAME]
    assert problems == []


def test_a_pipe_in_place_of_a_token_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    found, [problem] = read_directory(tmp_path)
    assert found == []
    assert "no plain file" in problem.reason

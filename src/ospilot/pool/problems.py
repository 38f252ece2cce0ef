"""What can be wrong with the input of the pool's commands, in the words that the user reads. Pure."""

from __future__ import annotations

from pathlib import Path

from ospilot.errors import ConfigurationError, OspilotError, Problem


def bad_name(name: str) -> ConfigurationError:
    """Return the error for a name that no pool can have."""
    return _problem(
        name="--name",
        value=name,
        reason="a pool's name is 1 to 40 of a-z, 0-9 and '-', with no '-' at either end",
        fix="choose such a name, for example 'default' or 'test-2'",
    )


def bad_identity(identity: str) -> ConfigurationError:
    """Return the error for an identity that no token can have."""
    return _problem(
        name="--identity",
        value=identity,
        reason="an identity is a user name without a domain: letters, digits, '.', '_' and '-'",
        fix="use 'pilot'; the pool adds its own domain",
    )


def bad_lifetime(seconds: int) -> ConfigurationError:
    """Return the error for a token that would have ended before it begins."""
    return _problem(
        name="--lifetime",
        value=str(seconds),
        reason="a token's lifetime is a number of seconds above zero",
        fix="give one, for example 3600, or leave it out for a token that does not expire",
    )


def missing_image(image: str, variable: str) -> ConfigurationError:
    """Return the error for an image that is not on this host."""
    return _problem(
        name=variable,
        value=image,
        reason="there is no such image on this host",
        fix=f"build it with 'make image', or name another one in {variable}",
    )


def missing_file(file: Path) -> ConfigurationError:
    """Return the error for a submit file that is not there."""
    return _problem(
        name="FILE",
        value=str(file),
        reason="there is no such file",
        fix="name an HTCondor submit file on this host",
    )


def folder_too_large(folder: Path, limit: int) -> ConfigurationError:
    """Return the error for a folder that holds more than ``limit`` bytes."""
    return _problem(
        name="FILE",
        value=str(folder),
        reason=f"the folder of the submit file holds more than {limit // 1024**2} MiB, "
        "and all of it would be copied into the pool",
        fix="put the submit file and what it needs into a folder of its own",
    )


def refused_submission(name: str, words: str) -> OspilotError:
    """Return the error for a submit file that condor_submit refuses, in its own words."""
    return OspilotError(
        f"condor_submit refuses {name}:\n{words}",
        fix="mend the submit file; what it names has to be in its folder",
    )


def foreign_job(job_id: str, folder: str) -> OspilotError:
    """Return the error for a job whose results do not lie where submissions of ours do."""
    return OspilotError(
        f"job {job_id} was not submitted with 'ospilot pool submit': its folder in the pool is {folder}",
        fix="copy its files with 'podman cp'",
    )


def _problem(*, name: str, value: str, reason: str, fix: str) -> ConfigurationError:
    return ConfigurationError([Problem(name=name, value=value, reason=reason, fix=fix)])

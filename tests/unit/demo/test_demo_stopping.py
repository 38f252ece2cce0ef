from __future__ import annotations

import os
import signal

import pytest

from ospilot.demo import stopping


@pytest.mark.parametrize("number", stopping.SIGNALS)
def test_the_first_signal_unwinds_and_the_next_ones_wait(number: signal.Signals) -> None:
    with stopping.unwinding():
        with pytest.raises(stopping.Stopped) as caught:
            os.kill(os.getpid(), number)
        assert caught.value.exit_code == 128 + number
        for each in stopping.SIGNALS:
            os.kill(os.getpid(), each)


def test_the_handlers_of_before_are_back_afterwards() -> None:
    before = [signal.getsignal(number) for number in stopping.SIGNALS]
    with stopping.unwinding():
        stopping.ignore()
    assert [signal.getsignal(number) for number in stopping.SIGNALS] == before


def test_a_stop_is_no_failure_that_somebody_might_handle() -> None:
    assert not issubclass(stopping.Stopped, Exception)

"""The resident loop: start condor_master, watch, publish, retire, stop. It waits and calls.

Every decision is in ``life.decide``; this module only looks, acts, and says what it did.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time

from ospilot.resident import ending, processes
from ospilot.resident.life import KILL_MARGIN, SETTLE, Cause, Snapshot, State, Step, StopTimes, decide
from ospilot.resident.logs import LogDirectory, our_line
from ospilot.resident.plan import ResidentPlan
from ospilot.resident.publish import Publisher, string

QUIET_WAIT = 0.5
"""Seconds between two looks while nothing changes: a few system calls each."""
BUSY_WAIT = 0.05
"""Seconds between two looks while the pilot starts or stops."""
READY = "Setting ready state 'Ready' for STARTD"
"""What condor_master logs once the startd has sent its first ad: the moment to ask the pool for our slot."""
ASK_AFTER = 4.0
"""Seconds after which the pool is asked all the same, should HTCondor change its words."""
ASK_EVERY = 0.2
"""Seconds between two such questions at first; later ones come less often."""
SAME_REQUEST = 0.05
"""Seconds within which two signals are one stop request."""
KILLED = 3
"""The hardest push of condor_master; see Snapshot.signalled."""
BENCHMARKS = frozenset({"condor_mips", "condor_kflops"})
"""Programs that the startd waits for when it stops, some 15 s, though nobody needs their result any more."""


class Resident:
    """One pilot from the start of condor_master to the last line of its log."""

    def __init__(self, plan: ResidentPlan) -> None:
        self._plan = plan
        self._state = State.STARTING
        self._reason = "HTCondor is coming up"
        self._cause: Cause | None = None
        self._started = self._idle_since = time.monotonic()
        self._leaving_since: float | None = None
        self._vacate_at = 0
        self._stop_requests = 0
        self._stopped_at = 0.0
        self._stops_told = 0
        self._signalled = 0
        self._ready = False
        self._joined = False
        self._asked = 0.0
        self._question: int | None = None
        self._answer = -1
        self._running: set[str] = set()
        self._jobs_seen = 0
        self._youngest_since: float | None = None
        self._master_status: int | None = None
        self._publisher = Publisher(plan.status_directory)
        self._logs = LogDirectory(plan.log_directory)
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._master = 0

    def run(self) -> int:
        """Live the whole life; return the exit code of the pilot."""
        processes.hide()
        if self._plan.lock is not None:
            # The lock says that we live; a job must not be able to hold or drop it.
            os.set_inheritable(self._plan.lock, False)  # noqa: FBT003 - the signature of os
        processes.adopt_orphans()
        self._listen()
        if not self._publish(follow=False):
            self._say(f"nothing can be written to {self._plan.status_directory}: the disk is full or broken")
            return Cause.NO_DISK.exit_code(detailed=self._plan.detailed_exit_codes)
        self._master = processes.spawn(self._plan.master, self._plan.environment, dies_with_us=True)
        self._say(f"condor_master started (pid {self._master}); waiting for the slot to appear in the pool")
        while True:
            self._look()
            step, cause = decide(
                self._snapshot(), idle_seconds=self._plan.idle_seconds, grace=self._plan.stop_grace
            )
            if step is Step.LEAVE:
                return self._leave()
            self._act(step, cause)
            if self._leaving_since is not None:
                processes.send(processes.named(processes.descendants(), BENCHMARKS), signal.SIGKILL)
            self._sleep()

    def _listen(self) -> None:
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, self._on_stop)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)

    def _on_stop(self, _number: int, _frame: object) -> None:
        # A batch system signals every process and tini passes it on: two at once are one request.
        now = time.monotonic()
        if now - self._stopped_at > SAME_REQUEST:
            self._stop_requests += 1
        self._stopped_at = now

    # --- look --------------------------------------------------------------------------------------------

    def _look(self) -> None:
        for line in self._logs.lines():
            self._ready = self._ready or READY in line
            self._write(line)
        self._reap()
        self._count_jobs()
        self._ask_pool()

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self._master:
                self._master_status = status
            elif pid == self._question:
                self._question = None
                answer = os.pread(self._answer, 65536, 0).decode("utf-8", "replace")
                os.close(self._answer)
                self._joined = self._joined or self._plan.slot in answer.split()

    def _count_jobs(self) -> None:
        try:
            names = os.listdir(self._plan.execute_directory)  # noqa: PTH208 - pathlib costs memory
        except OSError:
            names = []
        running = {name for name in names if name.startswith("dir_")}
        if running - self._running:
            self._jobs_seen += len(running - self._running)
            self._youngest_since = time.monotonic()
        if running or self._running:
            self._idle_since = time.monotonic()
        self._running = running

    def _ask_pool(self) -> None:
        """Ask the collector for our own slot until it shows it: only then is the pilot what it claims to be."""
        age = time.monotonic() - self._started
        if self._joined or self._question is not None or self._leaving_since is not None:
            return
        if not self._ready and age < ASK_AFTER:
            return
        if age - self._asked < max(ASK_EVERY, age / 5):
            return
        self._asked = age
        self._answer = processes.memory()
        # The name is a ClassAd string: quotes and backslashes cannot be in it (plan.py makes it of host labels).
        argv = ["condor_status", "-pool", self._plan.pool, "-constraint", f'Name == "{self._plan.slot}"']
        self._question = processes.spawn([*argv, "-af", "Name"], self._plan.environment, output=self._answer)

    def _snapshot(self) -> Snapshot:
        return Snapshot(
            now=time.monotonic(),
            state=self._state,
            started=self._started,
            joined=self._joined,
            jobs=len(self._running),
            idle_since=self._idle_since,
            youngest_since=self._youngest_since,
            master_alive=self._master_status is None,
            stop_requests=self._stop_requests,
            leaving_since=self._leaving_since,
            signalled=self._signalled,
        )

    # --- act ---------------------------------------------------------------------------------------------

    def _act(self, step: Step, cause: Cause | None) -> None:
        if self._stop_requests > self._stops_told:
            self._tell_stop()
        if step is Step.ACCEPT:
            took = time.monotonic() - self._started
            self._enter(
                State.ACCEPTING, f"the pool {self._plan.pool} shows {self._plan.slot} after {took:.1f} s"
            )
        elif step is Step.RETIRE and cause is not None:
            self._retire(cause)
        elif step is Step.VACATE:
            jobs = len(self._running)
            why = f"vacating {_jobs(jobs)}" if jobs else "no job is left"
            self._enter(State.EXITING, f"{why}; condor_master gets SIGTERM")
            self._signal_master(signal.SIGTERM, 1)
        elif step is Step.QUIT:
            self._say("the grace is nearly over: condor_master gets SIGQUIT and stops at once")
            self._signal_master(signal.SIGQUIT, 2)
        elif step is Step.KILL:
            self._say("the grace is over: what still runs is killed")
            self._signalled = KILLED
            processes.send(processes.descendants(), signal.SIGKILL)

    def _tell_stop(self) -> None:
        self._stops_told = self._stop_requests
        told = {
            1: "first stop request: no new jobs, running ones may finish; one more vacates them now",
            2: "second stop request: running jobs are vacated now; one more stops HTCondor at once",
            3: "third stop request: HTCondor stops at once; one more kills what is left",
        }
        self._say(told.get(self._stop_requests, "one more stop request: what still runs is killed"))

    def _retire(self, cause: Cause) -> None:
        self._cause = cause
        self._leaving_since = time.monotonic()
        times = StopTimes.within(self._plan.stop_grace)
        self._vacate_at = int(time.time() + times.vacate) or 1
        jobs = len(self._running)
        then = f"{_jobs(jobs)} may run for {times.vacate:.0f} s more, then vacated" if jobs else "leaving now"
        self._enter(State.RETIRING, f"{cause.text}; {then}")

    def _signal_master(self, number: signal.Signals, level: int) -> None:
        self._signalled = level
        processes.send({self._master}, number)

    def _enter(self, state: State, reason: str) -> None:
        self._say(f"{self._state.value} -> {state.value}: {reason} ({state.meaning})")
        self._state, self._reason = state, reason
        self._publish()

    def _publish(self, *, follow: bool = True) -> bool:
        # START may open as soon as the startd is up: the checks that gate it ended before condor_master began.
        accepting = self._state in (State.STARTING, State.ACCEPTING)
        return self._publisher.push(
            {
                "OSG_NODE_VALIDATED": "True" if accepting else "False",
                "OSPilotState": string(State.ACCEPTING.value if accepting else self._state.value),
                "OSPilotReason": string(self._reason if self._joined else "the node passed its checks"),
                "OSPilotVacateAt": str(self._vacate_at),
            },
            follow=follow,
        )

    # --- the end -----------------------------------------------------------------------------------------

    def _leave(self) -> int:
        cause = self._cause or self._unexpected()
        died = cause is Cause.MASTER_DIED
        # After the grace nothing may hold us up; after a sudden death there is time to do it properly.
        patience = ending.LAST_WORDS if died else KILL_MARGIN / 2
        left = processes.descendants()
        if left:
            self._say(f"condor_master left {len(left)} processes; the startd is told to give up its claims")
            if died and self._running and self._youngest_since is not None:
                time.sleep(max(0.0, self._youngest_since + SETTLE - time.monotonic()))
            ending.end_orphans(patience, self._reap)
        if died or self._signalled == KILLED:
            ending.withdraw(self._plan, patience, self._reap)
        for line in self._logs.lines():
            self._write(line)
        lived = time.monotonic() - self._started
        code = cause.exit_code(detailed=self._plan.detailed_exit_codes)
        self._say(
            f"gone after {lived:.1f} s: {cause.text}; {_jobs(self._jobs_seen)} ran here; exit code {code}"
        )
        return code

    def _unexpected(self) -> Cause:
        status = self._master_status or 0
        if os.WIFSIGNALED(status):
            self._say(
                f"condor_master was killed by signal {os.WTERMSIG(status)}: without it no job can run, so this "
                "pilot ends; its jobs go back to the queue, and the launcher may start a new pilot"
            )
            return Cause.MASTER_DIED
        if os.WEXITSTATUS(status) != 0:
            self._say(f"condor_master ended with {os.WEXITSTATUS(status)}; its log is above")
            return Cause.MASTER_DIED
        return Cause.MASTER_ENDED

    # --- small things ------------------------------------------------------------------------------------

    def _sleep(self) -> None:
        busy = self._state in (State.STARTING, State.EXITING) or self._stop_requests > 0
        select.select([self._wake_read], [], [], BUSY_WAIT if busy else QUIET_WAIT)
        try:
            os.read(self._wake_read, 512)
        except BlockingIOError:
            return

    def _say(self, text: str) -> None:
        self._write(our_line(text, time.time()))

    @staticmethod
    def _write(line: str) -> None:
        try:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
        except OSError:
            # Nobody reads our log any more; the pilot's work goes on.
            return


def _jobs(count: int) -> str:
    return "1 job" if count == 1 else f"{count} jobs"


def main(path: str) -> int:
    """Given the path of the plan, be the resident process of that pilot; return the exit code."""
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - pathlib costs memory
        plan = ResidentPlan.from_json(file.read())
    try:
        return Resident(plan).run()
    finally:
        ending.remove(plan.directory)

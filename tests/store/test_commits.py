"""Small writes of several threads share a commit, and each comes to what it would have come to alone."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest

from yeta_reconcile.store.commits import MOST, Commits

Log = list[list[str]]


class Disk:
    """Transactions as lists of what was written; the first is held up until all others wait."""

    def __init__(self) -> None:
        self.committed: Log = []
        self.full = False
        self.begun, self.goes_on = threading.Event(), threading.Event()

    @contextmanager
    def write(self) -> Iterator[list[str]]:
        """One transaction."""
        written: list[str] = []
        yield written
        if not self.begun.is_set():
            self.begun.set()
            assert self.goes_on.wait(10)
        if self.full and len(written) > 1:
            raise OSError("no space")
        self.committed.append(written)


def of_threads(
    disk: Any, names: list[str], bad: str = "", error: type[BaseException] = ValueError
) -> dict[str, str]:
    """Write each name in a thread of its own while the first is on its way; what each came to."""
    commits, came_to = Commits(disk), dict[str, str]()

    def one(name: str) -> None:
        def work(written: Any) -> str:
            if name == bad:
                raise error(name)
            written.append(name)
            return name.upper()

        try:
            came_to[name] = commits.write(work)
        except (ValueError, OSError) as refused:
            came_to[name] = f"refused: {refused}"
        except KeyboardInterrupt:
            came_to[name] = "stopped"

    threads = [threading.Thread(target=one, args=(name,), name=name) for name in names]
    threads[0].start()
    assert disk.begun.wait(10)
    for number, thread in enumerate(threads[1:], 1):
        thread.start()
        while len(commits._waiting) < number:
            pass
    disk.goes_on.set()
    for thread in threads:
        thread.join()
    return came_to


def test_whoever_waits_is_committed_together_with_the_others_and_who_is_alone_at_once() -> None:
    disk = Disk()

    assert of_threads(disk, ["a", "b", "c", "d"]) == {"a": "A", "b": "B", "c": "C", "d": "D"}

    first, rest = disk.committed
    assert (first, sorted(rest)) == (["a"], ["b", "c", "d"])


def test_what_cannot_be_written_fails_alone() -> None:
    disk = Disk()

    came_to = of_threads(disk, ["a", "b", "c", "d"], bad="c")

    assert came_to == {"a": "A", "b": "B", "c": "refused: c", "d": "D"}
    assert sorted(disk.committed) == [["a"], ["b"], ["d"]]


def test_a_commit_that_fails_fails_for_all_of_it() -> None:
    disk = Disk()
    disk.full = True

    came_to = of_threads(disk, ["a", "b", "c"])

    assert came_to == {"a": "A", "b": "refused: no space", "c": "refused: no space"}
    assert disk.committed == [["a"]]


@pytest.mark.parametrize("waiting", [MOST, MOST + 1])
def test_no_commit_grows_beyond_what_others_may_be_kept_waiting_for(waiting: int) -> None:
    disk = Disk()

    of_threads(disk, [f"{number:02}" for number in range(waiting + 1)])

    assert [len(written) for written in disk.committed] == ([1, MOST] if waiting == MOST else [1, MOST, 1])


def test_whoever_is_stopped_as_it_commits_stops_those_with_it_and_no_others() -> None:
    disk = Disk()
    names = [f"{number:02}" for number in range(MOST + 2)]

    came_to = of_threads(disk, names, bad=names[2], error=KeyboardInterrupt)

    stopped = names[1:-1]
    assert came_to == dict.fromkeys(stopped, "stopped") | {
        name: name.upper() for name in (names[0], names[-1])
    }
    assert disk.committed == [[names[0]], [names[-1]]]


class Turn:
    """A lock; one thread is stopped just as it has waited for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.release, self.waited = self._lock.release, False

    def acquire(self) -> None:
        self._lock.acquire()
        if self.waited and threading.current_thread().name == "stopped":
            raise KeyboardInterrupt
        self.waited = True

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_raised: object) -> None:
        self._lock.release()


def test_whoever_is_stopped_as_its_turn_comes_gives_it_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yeta_reconcile.store.commits.Lock", Turn)
    disk = Disk()

    came_to = of_threads(disk, ["a", "stopped", "c"])

    assert came_to == {"a": "A", "stopped": "stopped", "c": "C"}
    assert disk.committed == [["a"], ["c"]]


def test_whoever_is_stopped_while_it_waits_has_written_nothing() -> None:
    disk = Disk()
    commits = Commits(cast("Any", disk))

    def append(name: str) -> Callable[[Any], None]:
        return lambda written: written.append(name)

    def first() -> None:
        commits.write(append("first"))

    def stop() -> None:
        while not commits._waiting:
            pass
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    threads = [threading.Thread(target=each) for each in (first, stop)]
    threads[0].start()
    assert disk.begun.wait(10)
    threads[1].start()
    with pytest.raises(KeyboardInterrupt):
        commits.write(append("stopped"))
    disk.goes_on.set()
    for thread in threads:
        thread.join()
    commits.write(append("after"))

    assert disk.committed == [["first"], ["after"]]

"""Remote key sets and processes: fork, the interpreter's end, and what an import costs."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest
from http_server import HttpServer, jwks
from remote_keys import FRESH, public, signed

Process = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def server() -> Iterator[HttpServer]:
    """Give a server that publishes the key a."""
    with HttpServer(jwks(public("a"), Cache_Control=FRESH)) as server:
        yield server


def succeeds(run: subprocess.CompletedProcess[str]) -> str:
    """Check that a process ended well and said nothing on stderr; give what it said."""
    assert (run.returncode, run.stderr) == (0, ""), run.stderr
    return run.stdout.strip()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.parametrize("used", [False, True])
def test_fork(server: HttpServer, new_process: Process, used: bool) -> None:
    """A forked process has a thread of its own for the keys, though its parent has one; remembered tokens stay."""
    code = f"""if True:
        import os, time, warnings
        from jwtfast import RemoteKeySet, Verifier
        warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
        raw = {signed("a")!r}
        keys = RemoteKeySet({server.url!r}, cool_down=60, max_wait=10)
        verifier = Verifier(keys)
        if {used}:
            verifier.verify(raw)
        children = []
        for _ in range(2):
            child = os.fork()
            if not child:
                assert keys._worker is None
                hits = verifier.cache_info().hits
                token = verifier.verify(raw)
                assert (verifier.cache_info().hits > hits) == {used}
                assert keys._worker.is_alive()
                fetches = keys.status().fetches
                assert fetches == 1
                assert keys.refresh()
                keys.close()
                os._exit(0)
            children.append(child)
        assert all(os.waitpid(child, 0)[1] == 0 for child in children)
        verifier.verify(raw)
        assert (keys._worker is not None) and keys._worker.is_alive()
        """
    succeeds(new_process(code, PYTHONWARNINGS="error"))
    assert server.count == (3 if used else 5)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_fork_while_a_fetch_is_under_way(server: HttpServer, new_process: Process) -> None:
    """A process that is forked in the middle of a fetch makes its own, and waits for nothing of its parent's."""
    server.pages["/slow"] = server.stall
    code = f"""if True:
        import os, time, warnings
        from jwtfast import RemoteKeySet, Verifier
        warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
        keys = RemoteKeySet({server.origin + "/slow"!r}, max_wait=0.01, cool_down=60)
        keys.candidates("ES256", "a")
        while keys._cancel is None:
            time.sleep(0.001)
        child = os.fork()
        if not child:
            assert (keys._flight, keys._cancel, keys._worker) == (None, None, None)
            assert keys._lock.acquire(timeout=1)
            keys._lock.release()
            keys._url = {server.url!r}
            assert keys.refresh()
            assert Verifier(keys).verify({signed("a")!r}).key_id == "a"
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        keys.close()
        """
    succeeds(new_process(code, PYTHONWARNINGS="error"))


@pytest.mark.parametrize("path", ["/jwks", "/slow"])
@pytest.mark.parametrize("ending", ["", "keys.close()", "sys.exit()", "del keys, verifier"])
def test_the_interpreter_ends(server: HttpServer, new_process: Process, path: str, ending: str) -> None:
    """A program that just ends, in the middle of a fetch or not, ends at once and without a word."""
    server.pages["/slow"] = server.stall
    code = f"""if True:
        import sys, time
        from jwtfast import RemoteKeySet, Verifier
        keys = RemoteKeySet({server.origin + path!r}, max_wait=10 if {path!r} == "/jwks" else 0.01)
        verifier = Verifier(keys)
        try:
            verifier.verify({signed("a")!r})
        except Exception as error:
            assert error.code == "keys_unavailable"
        while not keys.status().fetches:
            time.sleep(0.001)
        {ending}
        """
    succeeds(new_process(code, PYTHONWARNINGS="error", PYTHONDEVMODE="1"))


def test_the_interpreter_ends_while_a_name_is_looked_up(new_process: Process) -> None:
    """A program ends at once though a name server doesn't answer; whoever wants its keys is told after max_wait."""
    code = """if True:
        import logging, socket, time
        logging.disable()
        socket.getaddrinfo = lambda *_, **__: time.sleep(60)
        from jwtfast import RemoteKeySet, Verifier, errors
        for timeout in (0.05, 30):
            keys = RemoteKeySet("https://login.example/jwks", max_wait=0.1, timeout=timeout)
            try:
                keys.refresh() if timeout < 1 else Verifier(keys).verify(RAW)
            except errors.KeySetUnavailableError as error:
                print(error)
        """
    start = time.monotonic()
    said = succeeds(new_process(code.replace("RAW", repr(signed("a"))), PYTHONWARNINGS="ignore"))
    assert time.monotonic() - start < 20
    assert [line.partition(": ")[2] for line in said.splitlines()] == [
        "it took more than 0.05 s",
        "they have not come yet",
    ]


def test_import_loads_no_http(new_process: Process) -> None:
    """Importing the package, and using all of it but remote keys, loads no HTTP library and no event loop."""
    code = """if True:
        import sys
        import jwtfast
        from jwtfast import *
        assert not {"httpx2", "httpcore2", "anyio", "asyncio", "ssl", "http.client"} & set(sys.modules)
        assert "RemoteKeySet" in dir(jwtfast)
        jwtfast.RemoteKeySet
        assert "httpx2" in sys.modules
        try:
            jwtfast.nothing
        except AttributeError as error:
            print(error)
        """
    assert succeeds(new_process(code)) == "module 'jwtfast' has no attribute 'nothing'"


def test_without_the_library(new_process: Process) -> None:
    """Where the HTTP library is not installed, the error says what to install, and all else works, PyJWKClient too."""
    code = """if True:
        import sys
        sys.modules["httpx2"] = None
        from jwtfast import Key, Verifier
        Verifier(Key.from_secret("s" * 32, "HS256"))
        from jwtfast import jwt
        try:
            jwt.PyJWKClient("http://127.0.0.1:1/").get_jwk_set()
        except jwt.PyJWKClientConnectionError:
            pass
        try:
            from jwtfast import RemoteKeySet
        except ImportError as error:
            print(error)
        """
    assert "pip install 'jwtfast[remote]'" in succeeds(new_process(code))

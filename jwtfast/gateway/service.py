"""The gateway's main process: granian's, which keeps the workers, with a reload that closes no connection."""

from __future__ import annotations

import logging
import logging.config
import os
import shutil
import signal
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.server.mp import MPServer

from jwtfast.gateway.application import Gateway, load
from jwtfast.gateway.configuration import Configuration, ConfigurationError, read_configuration, text_of
from jwtfast.gateway.counts import Counts
from jwtfast.gateway.logs import logging_configuration

__all__ = ["run"]

_LOG = logging.getLogger("jwtfast.gateway")
_LONGEST_HEAD: Final = 128 * 1024  # bytes of a request's head


class _Loader:
    """Makes a worker's application, of what was last found to be right: also in the place of one that has died."""

    def __init__(self, path: Path, text: str, counts: Path) -> None:
        self.path, self.text, self.counts = path, text, counts

    def __call__(self) -> Gateway:
        return load(self.path, self.text, self.counts)


class _Service(MPServer):
    """Granian's main process, but for SIGHUP: granian would start new workers and close the old ones' connections."""

    def __init__(self, loader: _Loader, configuration: Configuration, **options: Any) -> None:
        super().__init__("jwtfast.gateway", **options)
        self._loader = loader
        self._started_with = configuration

    def signal_handler_reload(self, *_: object) -> None:
        """Have the workers take over the file, if it is right."""
        if os.getpid() != self.pid:
            return  # a worker that has not yet got a handler of its own: it reads the file after it has
        try:
            text = text_of(self._loader.path)
            configuration = read_configuration(self._loader.path, text)
        except ConfigurationError as error:
            _LOG.error("the configuration stays as it was: %s", error)
            return
        self._loader.text = text
        new, old = configuration.document.server, self._started_with.document.server
        if (new.listen, new.workers, new.stop_timeout) != (old.listen, old.workers, old.stop_timeout):
            _LOG.warning("listen, workers and stop_timeout of [server] stay as they were until the next start")
        for worker in self.wrks:
            with suppress(ProcessLookupError):
                os.kill(worker.inner.pid, signal.SIGHUP)


def run(path: Path) -> int:
    """Run the gateway until it is told to end (SIGTERM, SIGINT).

    Args:
        path: The configuration's file.

    Returns:
        The exit code.

    Raises:
        ConfigurationError: The file is wrong.
    """
    path = path.resolve()
    text = text_of(path)
    configuration = read_configuration(path, text)
    server = configuration.document.server
    log = logging_configuration(configuration.document.log.level)
    logging.config.dictConfig(log)
    folder = Path(tempfile.mkdtemp(prefix="jwtfast-gateway-"))
    try:
        counts = folder / "counts"
        Counts.create(counts, server.workers)
        loader = _Loader(path, text, counts)
        service = _Service(
            loader,
            configuration,
            address=configuration.host,
            port=configuration.port,
            interface=Interfaces.ASGI,
            workers=server.workers,
            loop=Loops.auto,
            http=HTTPModes.auto,
            websockets=False,
            http1_settings=HTTP1Settings(max_buffer_size=_LONGEST_HEAD),
            log_dictconfig=log,
            respawn_failed_workers=True,
            workers_kill_timeout=server.stop_timeout,
        )
        service.serve(target_loader=loader, wrap_loader=False)
    except SystemExit as end:
        return int(end.code or 0)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0

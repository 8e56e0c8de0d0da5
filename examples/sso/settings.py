"""What the services of the example are told: a JSON file, which the environment variable SSO_SETTINGS names."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jwtfast import KeyRing

__all__ = ["ServiceSettings", "Settings"]


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """One resource service: an OAuth client of the login service, and the audience of its tokens."""

    client_id: str
    client_secret: str
    url: str

    @property
    def redirect_uri(self) -> str:
        """Where the login service sends the browser back to."""
        return f"{self.url}/callback"


@dataclass(frozen=True, slots=True)
class Settings:
    """All of them; times in seconds. A real service would know its own part alone."""

    issuer: str
    ring: str
    passphrase: str
    refresh_database: str
    redis: str
    users: dict[str, dict[str, str]]
    """By name: the salt and the scrypt hash of the password, both hexadecimal."""
    services: tuple[ServiceSettings, ...]
    token_lifetime: int
    lead_time: float
    """For how long a key is published before it signs, which is longer than services keep the document."""
    document_lifetime: float

    def service(self, client_id: str) -> ServiceSettings | None:
        """Find a service by its client id."""
        return next((each for each in self.services if each.client_id == client_id), None)

    def key_ring(self) -> KeyRing:
        """Open the ring of keys: all processes that share it take the same options."""
        return KeyRing.open(
            self.ring, "ES256", passphrase=self.passphrase, lead_time=self.lead_time, leeway=0, reload_every=0.2
        )

    def write(self, path: Path) -> None:
        """Write the file, for its owner alone: it holds secrets."""
        path.touch(0o600)
        path.write_text(json.dumps(asdict(self)))

    @classmethod
    def read(cls) -> Settings:
        """Read the file."""
        members: dict[str, Any] = json.loads(Path(os.environ["SSO_SETTINGS"]).read_text())
        services = tuple(ServiceSettings(**each) for each in members.pop("services"))
        return cls(services=services, **members)

"""The gateway: a forward-auth service that a proxy asks about each request, by the rules of a ``gateway.toml``.

``jwtfast gateway --config gateway.toml`` runs it; docs/gateway.md tells what the file may hold. It needs the extra
``jwtfast[gateway]``.
"""

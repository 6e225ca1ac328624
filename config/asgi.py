"""The `web` process: the ingest door first, then Django for pages and Channels for sockets."""

import os
from typing import Any

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
pages: Any = get_asgi_application()

# The imports below need Django's apps loaded.
from apps.live.routing import sockets  # noqa: E402
from apps.tracking.door import Door  # noqa: E402

# Before tenant and host checks: any host that points here may deliver events.
application = ProtocolTypeRouter({"http": Door(pages), "websocket": sockets})

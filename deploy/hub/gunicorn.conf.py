"""The hub under gunicorn, behind a reverse proxy (nginx.conf):  gunicorn -c deploy/hub/gunicorn.conf.py

The processes share nothing but the database: more of them, here or on more machines, is only a number.
"""

import os

wsgi_app = "kiosk.hub.app:from_environment()"

# The proxy is the only one who may speak to it; TLS ends there, and only its word on the client is believed.
bind = os.environ.get("HUB_BIND", "127.0.0.1:3151")
forwarded_allow_ips = "127.0.0.1"

worker_class = "kiosk.worker.QuietWorker"
workers = int(os.environ.get("HUB_WORKERS", "2"))
threads = 32
worker_tmp_dir = "/dev/shm"  # noqa: S108  (the heartbeat of a worker must not wait for a busy disk)

# Paths only: a query string may hold a name or a case number. %(M)s is milliseconds.
accesslog = "-"
access_log_format = "%(m)s %(U)s %(s)s %(B)s bytes %(M)s ms"
errorlog = "-"

# gunicorn would open a control socket in the home directory; nobody uses it.
control_socket_disable = True

# No header of a client may move the app to another path.
forwarder_headers = ""

"""The relay under gunicorn:  gunicorn -c deploy/relay/gunicorn.conf.py

One process, because one works on a spool. Threads, because twenty tablets may come at once; and a worker of its own,
because no proxy stands before it that would wait for the slow ones.
"""

import os

wsgi_app = "kiosk.relay.app:from_environment()"

# The hall's own network: tablets reach it by its address there.
bind = os.environ.get("RELAY_BIND", "0.0.0.0:3152")

worker_class = "kiosk.worker.CrowdWorker"
workers = 1
threads = 128
worker_tmp_dir = "/dev/shm"  # noqa: S108  (the heartbeat; on flash it would wear, and stall with the disk)

# No line for each request. Faults go to stderr, which systemd keeps.
accesslog = None
errorlog = "-"

# gunicorn would open a control socket in the home directory; nobody uses it.
control_socket_disable = True

# No header of a client may move the app to another path.
forwarder_headers = ""

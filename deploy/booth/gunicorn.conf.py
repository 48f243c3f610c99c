"""The booth under gunicorn:  gunicorn -c deploy/booth/gunicorn.conf.py

One process, because the journal has one writer. Many threads, because browsers hold idle sockets open;
and a worker of its own, because phones reach it with no proxy before it that would wait for the slow ones.
"""

import os

wsgi_app = "kiosk.booth.serving:from_environment()"

# Only this machine, unless phones on the booth's own Wi-Fi are to be served: BOOTH_BIND=0.0.0.0:3150
bind = os.environ.get("BOOTH_BIND", "127.0.0.1:3150")

worker_class = "kiosk.worker.CrowdWorker"
workers = 1
threads = 16
worker_tmp_dir = "/dev/shm"  # noqa: S108  (the heartbeat; on flash it would wear, and stall with the disk)

# A visitor leaves no trace: no line for each request. Faults go to stderr, which systemd keeps.
accesslog = None
errorlog = "-"

# gunicorn would open a control socket in the home directory; nobody uses it.
control_socket_disable = True

# No header of a client may move the app to another path.
forwarder_headers = ""

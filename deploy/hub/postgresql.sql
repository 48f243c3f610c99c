-- Once, as the server's own superuser:  sudo -u postgres psql -f deploy/hub/postgresql.sql
--
-- On the same machine nobody needs a password: the hub's system user is called like its role (kiosk-hub.service).
--   pg_hba.conf:          local   kiosk  "kiosk-hub"               peer
--   /etc/kiosk/hub.env:   DATABASE_URL=postgresql:///kiosk?host=/run/postgresql
--
-- From other machines, over TLS only; give the role a password first:  \password "kiosk-hub"
--   pg_hba.conf:          hostssl kiosk  "kiosk-hub"  10.0.0.0/24  scram-sha-256
--   /etc/kiosk/hub.env:   DATABASE_URL=postgresql://kiosk-hub:PASSWORD@db.example.org/kiosk?sslmode=verify-full

CREATE ROLE "kiosk-hub" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION CONNECTION LIMIT 180;

-- The hub makes its tables itself. Keys are hex and short words: compared byte by byte.
CREATE DATABASE kiosk OWNER "kiosk-hub" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C';

REVOKE ALL ON DATABASE kiosk FROM PUBLIC;

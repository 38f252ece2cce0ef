# Start of the pool's container: one argument, the configuration. Runs as the container's root, so that the
# access point can act for its ordinary user.
set -eu
umask 022
export CONDOR_CONFIG=/etc/condor/ospilot-pool.conf
printf '%s\n' "$1" > "$CONDOR_CONFIG"

# An image made for pools has the user; any other image with HTCondor gets it here.
id researcher > /dev/null 2>&1 || useradd --create-home --uid 1001 --shell /bin/sh researcher

keys=/etc/condor/passwords.d
mkdir -p "$keys"
chmod 700 "$keys"
[ -s "$keys/POOL" ] || (umask 077; head -c 64 /dev/urandom | base64 -w 0 > "$keys/POOL")

local=/var/lib/ospilot-pool
mkdir -p "$local/log" "$local/spool" "$local/execute" "$local/run" "$local/lock"
chown condor:condor "$local/log" "$local/spool" "$local/run" "$local/lock"
exec condor_master -f

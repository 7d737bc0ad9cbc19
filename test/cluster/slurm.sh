#!/bin/bash
# A Slurm of one node on this machine, for as long as a command runs: slurm.sh FOLDER COMMAND...
# FOLDER gets its configuration, state and logs. Debian: apt-get install slurm-wlm munge. Exits with 77 where that is not installed or one runs already.
set -eu
folder=$(realpath -m "$1"); shift
for tool in munged slurmctld slurmd sbatch scontrol; do
  command -v "$tool" >/dev/null || PATH=$PATH:/usr/sbin command -v "$tool" >/dev/null || { echo "no $tool here" >&2; exit 77; }
done
export PATH=$PATH:/usr/sbin
if pgrep -x slurmctld >/dev/null; then echo 'a slurmctld runs already' >&2; exit 77; fi
mkdir -p "$folder"/{state,spool,log}
chmod 755 "$folder"
host=$(hostname -s)
cat > "$folder/slurm.conf" <<CONF
ClusterName=one
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
CryptoType=crypto/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_interval=1
JobAcctGatherType=jobacct_gather/none
ReturnToService=2
KillWait=30
MinJobAge=600
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$(free -m | awk '/^Mem/ { print int($2 * 0.9) }') State=UNKNOWN
PartitionName=one Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF=$folder/slurm.conf
dd if=/dev/urandom of="$folder/munge.key" bs=1024 count=1 2>/dev/null
chmod 400 "$folder/munge.key"
end() {
  for pid in "$folder"/slurmd.pid "$folder"/slurmctld.pid "$folder"/munge.pid; do [ -f "$pid" ] && kill "$(cat "$pid")" 2>/dev/null || true; done
}
trap end EXIT
munged --force --key-file="$folder/munge.key" --socket="$folder/munge.socket" --pid-file="$folder/munge.pid" \
  --log-file="$folder/log/munged.log" --seed-file="$folder/munge.seed"
slurmctld -i || slurmctld
slurmd
for _ in $(seq 60); do
  case "$(sinfo -h -o %T 2>/dev/null)" in idle*) break ;; esac
  sleep 0.5
done
sinfo >&2
"$@"

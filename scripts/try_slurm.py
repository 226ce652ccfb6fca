"""Tries `launcher=submitit` on a real SLURM: Debian's packages in a folder of its own, two nodes on this machine.

    python scripts/try_slurm.py [--keep]

Nothing is installed: the packages are fetched by apt-get, unpacked in a temporary folder and run from there by whoever
types this, and all of it is gone at the end (--keep leaves the folder, with the daemons' logs). What is tried:

- a sweep of two chains of two stages, whose jobs run side by side on both nodes;
- a stage on two processes (DDP), which SLURM starts;
- a job that SLURM ends and queues anew goes on after its last epoch;
- Ctrl-C of the sweep ends its jobs, and `resume=true` goes on with them.

submitit asks `sacct` how jobs are. That needs SLURM's accounting, hence a database server; here `sacct` is a few lines
that ask `squeue`.

Source of the configuration: slurm.conf(5), munged(8).
"""

from __future__ import annotations

import argparse
import contextlib
import getpass
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

PACKAGES = ("slurmctld", "slurmd", "slurm-client", "munge")
LIBRARIES = "usr/lib/x86_64-linux-gnu"
NODES = ("here1", "here2")
PATIENCE_S = 600.0
SWEEPS: list[subprocess.Popen[bytes]] = []
"""All that were started."""

SACCT = """#!/bin/sh
# stands in for sacct -o JobID,State,NodeList --parsable2 -j JOB …
echo 'JobID|State|NodeList'
squeue --noheader --states all --format '%A|%T|%N'
"""

TINY = (
    *("data=rooms", "data.train_scenes=2", "data.val_scenes=1", "data.voxel_size=0.2", "data.num_workers=0"),
    *("model=fcn_s", "recipe=quick", "backend=torch", "trainer=cpu", "threads=1", "picture=false"),
)


def main() -> int:
    """Run all tries; 1 where one fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", action="store_true", help="leave the folder with the logs")
    keep = parser.parse_args().keep
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)  # whatever ends this, the daemons end with it
    folder = Path(tempfile.mkdtemp(prefix="try-slurm-"))
    try:
        root = unpacked(folder)
        with cluster(folder, root) as environment:
            for name, what in TRIES.items():
                print(f"{name} …", flush=True)
                what(folder / name.replace(" ", "-"), environment)
        print("all of it works")
        return 0
    except Failure as failure:
        print(f"error: {failure} (--keep leaves {folder.parent}/try-slurm-…)", file=sys.stderr)
        return 1
    finally:
        print(f"kept: {folder}") if keep else shutil.rmtree(folder, ignore_errors=True)


class Failure(Exception):
    """What is not as it should be."""


def unpacked(folder: Path) -> Path:
    """The folder that the packages, with what they need and this machine lacks, are unpacked in."""
    archives = folder / "archives"
    (archives / "partial").mkdir(parents=True)
    options = ["-o", "Debug::NoLocking=1", "-o", f"Dir::Cache::archives={archives}"]
    command = ["apt-get", "install", "-y", "--no-install-recommends", "--download-only", *options, *PACKAGES]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"the packages cannot be had: {done.stderr.strip()}")
    root = folder / "root"
    for archive in archives.glob("*.deb"):
        subprocess.run(["dpkg", "-x", str(archive), str(root)], check=True)
    return root


@contextlib.contextmanager
def cluster(folder: Path, root: Path) -> Iterator[dict[str, str]]:
    """The environment in which a SLURM of two nodes is at hand, while it is."""
    for name in ("bin", "state", "logs", *NODES):
        (folder / name).mkdir()
    folder.chmod(0o711)  # whoever is asked by munge has to reach its socket
    (folder / "munge.key").write_bytes(os.urandom(1024))
    (folder / "munge.key").chmod(0o400)
    (folder / "slurm.conf").write_text(configuration(folder, root))
    (folder / "bin" / "sacct").write_text(SACCT)
    (folder / "bin" / "sacct").chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{folder}/bin:{root}/usr/bin:{os.environ['PATH']}",
        "LD_LIBRARY_PATH": f"{root}/{LIBRARIES}:{root}/{LIBRARIES}/slurm-wlm",
        "SLURM_CONF": str(folder / "slurm.conf"),
        "MASTER_ADDR": "127.0.0.1",  # processes of DDP would ask for the address of a node's name
        "OMP_NUM_THREADS": "1",
    }
    munge = ["munged", "--foreground", "--force", f"--key-file={folder}/munge.key", f"--socket={folder}/munge.socket"]
    munge += [f"--{name}-file={folder}/munge.{name}" for name in ("pid", "seed")] + [f"--log-file={folder}/logs/munged"]
    stepd = str(root / "usr/sbin/slurmstepd-wlm")
    daemons = [munge, ["slurmctld-wlm", "-D", "-i"], *(["slurmd-wlm", "-D", "-d", stepd, "-N", node] for node in NODES)]
    running: list[subprocess.Popen[bytes]] = []
    try:
        for number, (program, *words) in enumerate(daemons):
            with (folder / "logs" / f"{number}-{program}").open("wb") as log:
                started = [str(root / "usr/sbin" / program), *words]
                running.append(subprocess.Popen(started, env=environment, stdout=log, stderr=subprocess.STDOUT))
            if program == "munged":
                wait_until(lambda: (folder / "munge.socket").exists(), "munged is there", 30)
        wait_until(lambda: asked(environment, "sinfo", "-h", "-t", "idle", "-o", "%D") == "2", "two nodes are idle", 60)
        yield environment
    finally:
        for sweep in SWEEPS:
            sweep.terminate()
        with contextlib.suppress(Failure):
            asked(environment, "scancel", "--full", "--signal=KILL", f"--user={getpass.getuser()}")
            wait_until(lambda: not asked(environment, "squeue", "-h"), "no job is left", 30)
        for process in reversed(running):
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()


def configuration(folder: Path, root: Path) -> str:
    """slurm.conf of two nodes on this machine, which are told apart by their ports."""
    user, ports = getpass.getuser(), free_ports(1 + len(NODES))
    lines = [
        "ClusterName=here",
        "SlurmctldHost=localhost",
        f"SlurmUser={user}",
        f"SlurmdUser={user}",
        f"SlurmctldPort={ports[0]}",
        f"AuthInfo=socket={folder}/munge.socket,cred_expire=5",  # after so long a job that is queued anew may start
        f"PluginDir={root}/{LIBRARIES}/slurm-wlm",
        f"StateSaveLocation={folder}/state",
        f"SlurmdSpoolDir={folder}/%n",
        f"SlurmctldPidFile={folder}/slurmctld.pid",
        f"SlurmdPidFile={folder}/%n/slurmd.pid",
        f"SlurmctldLogFile={folder}/logs/slurmctld",
        f"SlurmdLogFile={folder}/logs/slurmd-%n",
        "ProctrackType=proctrack/pgid",
        "TaskPlugin=task/none",
        "MpiDefault=none",
        "SelectType=select/cons_tres",
        "SelectTypeParameters=CR_CPU",
        "ReturnToService=2",
        "MinJobAge=3600",
        *(
            f"NodeName={node} NodeHostname={os.uname().nodename} NodeAddr=127.0.0.1 Port={port} CPUs=2"
            for node, port in zip(NODES, ports[1:], strict=True)
        ),
        f"PartitionName=all Nodes={','.join(NODES)} Default=YES MaxTime=60 State=UP OverSubscribe=NO",
    ]
    return "\n".join(lines) + "\n"


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody listens at."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def try_sweep(folder: Path, environment: dict[str, str]) -> None:
    """Two chains of two stages."""
    finish(
        start(folder, environment, "seed=0,1", "method=bsc_manual", "hydra.launcher.cpus_per_task=2", "recipe.epochs=2")
    )
    found = results(folder)
    require([len(one["stages"]) for one in found] == [2, 2], f"chains of two stages are there, not {found}")
    require({one["status"] for one in found} == {"finished"}, "both chains are finished")
    states = asked(environment, "squeue", "-h", "-t", "all", "-o", "%N %T").splitlines()
    require({state.split()[1] for state in states} == {"COMPLETED"}, f"all jobs have ended well: {states}")
    require({state.split()[0] for state in states} == set(NODES), f"both nodes were used: {states}")


def try_two_processes(folder: Path, environment: dict[str, str]) -> None:
    """One stage on two processes that SLURM starts."""
    finish(
        start(folder, environment, "method=real", "recipe.epochs=2", "trainer=ddp", "hydra.launcher.tasks_per_node=2")
    )
    (found,) = results(folder)
    require(found["status"] == "finished", "the chain is finished")
    require(sum("Starting with JobEnvironment" in line for line in job_logs(folder)) == 2, "two processes were started")
    require([line.count("epoch 1/2") for line in stage_log(folder) if "epoch 1/2" in line] == [1], "they say it once")


def try_new_start(folder: Path, environment: dict[str, str]) -> None:
    """A job that is queued anew, then a sweep that is interrupted."""
    words = ("method=real", "recipe.epochs=60")
    sweep = start(folder, environment, *words)
    wait_until(lambda: epochs(folder) >= 3, "three epochs are trained")
    (job,) = asked(environment, "squeue", "-h", "-o", "%A").split()
    asked(environment, "scancel", "--signal=USR2", job)  # what SLURM sends before a time limit
    wait_until(lambda: asked(environment, "squeue", "-h", "-o", "%T") != "RUNNING", "the job is queued anew")
    before = epochs(folder)
    wait_until(lambda: epochs(folder) >= before + 3, "it goes on by itself")
    sweep.send_signal(signal.SIGINT)
    require(sweep.wait(60) == 130, "the sweep says that it was interrupted")
    wait_until(lambda: asked(environment, "squeue", "-h", "-o", "%A") == "", "no job is left", 60)
    require(epochs(folder) < 60, "it was interrupted in the middle")
    finish(start(folder, environment, *words, "resume=true"))
    (found,) = results(folder)
    require((found["status"], found["stages"][0]["epochs"]) == ("finished", 60), "the chain is finished")
    told = [line.split("epoch ")[1].split("/")[0] for line in stage_log(folder) if "  epoch " in line]
    require(set(told) == {str(epoch) for epoch in range(1, 61)}, "every epoch is there")
    again = len(told) - 60
    require(again <= 2, f"at most the epoch at each end was trained twice, not {again}")


TRIES: dict[str, Callable[[Path, dict[str, str]], None]] = {
    "a sweep": try_sweep,
    "two processes": try_two_processes,
    "a new start": try_new_start,
}


def start(folder: Path, environment: dict[str, str], *words: str) -> subprocess.Popen[bytes]:
    """A sweep whose stages are jobs of SLURM; what it prints goes to the folder."""
    folder.mkdir(exist_ok=True)
    own = (f"data.root={folder.parent / 'rooms'}", f"output_dir={folder}", "launcher=submitit")
    command = [sys.executable, "-m", "bscnet.run", *TINY, *own, *words]
    with (folder / "printed.txt").open("ab") as log:
        SWEEPS.append(subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT))
    return SWEEPS[-1]


def finish(sweep: subprocess.Popen[bytes]) -> None:
    """Wait for a sweep that ends well."""
    try:
        status = sweep.wait(PATIENCE_S)
    except subprocess.TimeoutExpired as error:
        sweep.kill()
        raise Failure("the sweep does not end") from error
    require(status == 0, f"the sweep ends with 0, not {status}")


def results(folder: Path) -> list[dict[str, object]]:
    """The records of all chains of a sweep."""
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*/001/result.json"))]


def stage_log(folder: Path) -> list[str]:
    """What the first stage of the one chain has logged."""
    return [line for path in folder.glob("*/001/stage1/stage.log") for line in path.read_text().splitlines()]


def job_logs(folder: Path) -> list[str]:
    """What the jobs have printed."""
    found = [*folder.glob(".submitit/*/*_log.out"), *folder.glob(".submitit/*/*_log.err")]
    return [line for path in found for line in path.read_text(errors="replace").splitlines()]


def epochs(folder: Path) -> int:
    """How many epochs the first stage of the one chain has logged."""
    return sum("  epoch " in line for line in stage_log(folder))


def asked(environment: dict[str, str], *command: str) -> str:
    """What a command of SLURM answers; empty where it cannot yet."""
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout.strip()


def wait_until(there: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """Wait for something; Failure: it does not come."""
    end = time.monotonic() + patience_s
    while not there():
        if time.monotonic() > end:
            raise Failure(f"in {patience_s:.0f} s this has not come: {what}")
        time.sleep(0.5)


def require(holds: bool, what: str) -> None:
    """Failure: something does not hold."""
    if not holds:
        raise Failure(f"this does not hold: {what}")


if __name__ == "__main__":
    sys.exit(main())

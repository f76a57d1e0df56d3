"""One pod and its containers, run as a kubelet runs them.

A pod is a network namespace with its own IP address, held open by a sleeping
container; the pod's containers share it. Threads run init containers in order,
probes, restarts, and the shutdown: preStop, SIGTERM, grace period, SIGKILL.
``Pod.events`` records the events.
"""

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

from tests.platform import podspec
from tests.platform.engine import LABEL, engine, is_podman, program
from tests.platform.probing import Prober
from tests.platform.volumes import Volumes

# The published images declare their stop signal, but a local substitute might not.
STOP_SIGNALS = {"docker.io/library/postgres": "INT"}
CRASH_BACKOFF = (0, 10, 20, 40, 80, 160, 300)
TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount"


class _DeletedError(Exception):
    """The pod was deleted before all of its containers were started."""


class Instance:
    """One run of a container of a pod. ``done`` is set when it exits, and ``code`` is its exit code."""

    def __init__(self, name, spec, image):
        self.name, self.spec, self.image = name, spec, image
        self.done = threading.Event()
        self.code = None
        self.process = None  # the ID of process 1 on the host
        self.stopping = threading.Lock()

    @property
    def stop_signal(self):
        declared = self.image["Config"].get("StopSignal", "").removeprefix("SIG")
        return declared or STOP_SIGNALS.get(self.spec["image"].rpartition(":")[0], "TERM")


class Pod:
    """A pod of a template. Call ``start`` once and ``delete`` once.

    ``node`` is the pod runner, which has the objects, the network and the folders.
    """

    def __init__(self, name, template, owner, node):
        self.name, self.template, self.owner, self.node = name, template, owner, node
        self.spec = template["spec"]
        self.labels = template["metadata"].get("labels", {})
        self.ip = None
        self.phase = "Pending"
        self.sandbox = f"{node.prefix}-{name}"
        self.lock = threading.Lock()  # held while a container starts, so that delete() stops every container
        self.unready = {container["name"] for container in self.spec["containers"]}
        self.restarts = 0
        self.terminating = False
        self.unready_since = None  # when it became unready
        self.gone = threading.Event()
        self.instances = {}
        self.events = []
        self.output = []
        self.volumes = None

    def event(self, text):
        self.events.append((time.monotonic(), text))

    def when(self, text):
        """Return the time of the first event that begins with ``text``, or None."""
        return next((at for at, event in self.events if event.startswith(text)), None)

    # Readiness

    @property
    def ready(self):
        return self.phase == "Running" and not self.unready and not self.terminating

    def set_ready(self, container, ready):
        """Set the readiness of a container. The pod is ready if all its containers are."""
        before = self.ready
        (self.unready.discard if ready else self.unready.add)(container)
        if before != self.ready:
            self.event("ready" if self.ready else "not ready")
            self.unready_since = None if self.ready else time.monotonic()

    # Start

    def start(self):
        threading.Thread(target=self._run, name=self.name, daemon=True).start()

    def _run(self):
        try:
            podspec.check(self.spec)
            self._make_sandbox()
            for container in self.spec.get("initContainers", []):
                if not self._run_init(container):
                    return
            self.phase = "Running"
            workers = [
                threading.Thread(target=self._supervise, args=[container], daemon=True)
                for container in self.spec["containers"]
            ]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
            if not self.terminating and self.phase == "Running":
                codes = [self.instances[container["name"]].code for container in self.spec["containers"]]
                self._clear()
                self.phase = "Failed" if any(codes) else "Succeeded"
                self.event(self.phase)
        except _DeletedError:
            pass
        except Exception as error:
            self._record_error(error)

    def _record_error(self, error):
        if self.terminating:
            return
        self.phase = "Refused" if isinstance(error, podspec.RefusedError) else "Error"
        self.event(f"{self.phase}: {error}" if self.phase == "Refused" else f"Error: {type(error).__name__}: {error}")

    def _make_sandbox(self):
        with self.lock:
            if self.terminating:
                raise _DeletedError
            self.volumes = Volumes(self.spec, self.node.folder / self.name, self.node.claims, self.node.lookup)
            engine(
                *("run", "--detach", "--pull=never", "--name", self.sandbox, "--label", LABEL),
                *("--network", self.node.network.name, "--hostname", self.name, "--read-only"),
                *("--entrypoint", "sleep", self.spec["containers"][0]["image"], "infinity"),
            )
        networks = json.loads(engine("inspect", self.sandbox).stdout)[0]["NetworkSettings"]["Networks"]
        self.ip = networks[self.node.network.name]["IPAddress"]
        self.event(f"address {self.ip}")

    def _run_init(self, container):
        attempt = 0
        while not self.terminating:
            instance = self._start(container, f"init-{attempt}")
            instance.done.wait()
            self.event(f"{container['name']} exited {instance.code}")
            if instance.code == 0:
                return True
            if self.spec.get("restartPolicy") == "Never":
                self._clear()
                self.phase = "Failed"
                return False
            self._pause(CRASH_BACKOFF[min(attempt, len(CRASH_BACKOFF) - 1)])
            attempt += 1
        return False

    def _pause(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.terminating:
            time.sleep(0.1)

    def _start(self, container, suffix):
        """Start a container, and return its Instance."""
        image = json.loads(engine("image", "inspect", container["image"]).stdout)[0]
        fields = {
            "metadata.name": self.name,
            "metadata.namespace": self.node.namespace,
            "status.podIP": self.ip,
            "spec.nodeName": "node",
        }
        links = {} if self.spec.get("enableServiceLinks") is False else podspec.service_links(self.node.cluster_ips())
        variables = podspec.environment(container, self.node.lookup, fields, {"HOSTNAME": self.name} | links)
        options = podspec.security(self.spec, container, image["Config"].get("User", ""))
        if is_podman():
            # A kubelet adds no /tmp that the manifest does not mount, and no passwd entry.
            options += ["--passwd=false", "--uts", f"container:{self.sandbox}"]
            if "--read-only" in options:
                options += ["--read-only-tmpfs=false"]
        entrypoint, arguments = podspec.command(container, variables)
        options += [*podspec.resources(container), *self.volumes.options(container), *self._token()]
        options += ["--volume", f"{self.node.hosts}:/etc/hosts:ro"]
        if "workingDir" in container:
            options += ["--workdir", container["workingDir"]]
        if entrypoint is not None:
            options += ["--entrypoint", entrypoint]
        instance = Instance(f"{self.sandbox}-{container['name']}-{suffix}", container, image)
        names = [f"--env={name}={value}" for name, value in variables.items()]
        with self.lock:
            if self.terminating:
                raise _DeletedError
            engine(
                *("run", "--detach", "--pull=never", "--name", instance.name, "--label", LABEL),
                *("--network", f"container:{self.sandbox}", "--ipc", f"container:{self.sandbox}"),
                *(*options, *names, container["image"], *arguments),
            )
            instance.process = json.loads(engine("inspect", instance.name).stdout)[0]["State"]["Pid"]
            self.instances[container["name"]] = instance
        self.event(f"started {container['name']}")
        threading.Thread(target=self._wait, args=[instance], daemon=True).start()
        return instance

    def _token(self):
        automount = self.spec.get("automountServiceAccountToken")
        if automount is None:
            account = self.node.lookup("ServiceAccount", self.spec.get("serviceAccountName", "default")) or {}
            automount = account.get("automountServiceAccountToken", True)
        if not automount:
            return []
        folder = self.node.folder / f"{self.name}-token"
        folder.mkdir(exist_ok=True)
        (folder / "token").write_text("a token of the API server\n")
        return ["--volume", f"{folder}:{TOKEN}:ro"]

    def _wait(self, instance):
        done = subprocess.run([program(), "wait", instance.name], capture_output=True, text=True)
        instance.code = int(done.stdout.split()[0]) if done.returncode == 0 else -1
        logs = engine("logs", instance.name, check=False)
        self.output.append(logs.stdout + logs.stderr)
        engine("rm", "--force", instance.name, check=False)
        instance.done.set()

    # Supervision: restarts and probes

    def _supervise(self, container):
        name = container["name"]
        while not self.terminating:
            try:
                instance = self._start(container, self.restarts)
            except _DeletedError:
                return
            except Exception as error:
                self._record_error(error)
                return
            threading.Thread(target=Prober(self, instance).run, daemon=True).start()
            instance.done.wait()
            self.set_ready(name, False)
            self.event(f"{name} exited {instance.code}")
            policy = self.spec.get("restartPolicy", "Always")
            if policy == "Never" or (policy == "OnFailure" and instance.code == 0):
                return
            self._pause(CRASH_BACKOFF[min(self.restarts, len(CRASH_BACKOFF) - 1)])
            self.restarts += 1

    def fail(self, instance, probe, kind):
        """Stop an instance whose probe failed. Its supervisor restarts it."""
        if instance.done.is_set() or self.terminating:
            return
        self.event(f"{kind} failed")
        grace = probe.get("terminationGracePeriodSeconds", self.spec.get("terminationGracePeriodSeconds", 30))
        self._stop(instance, grace)

    # Shutdown

    def delete(self, grace=None):
        """Start the shutdown: preStop, SIGTERM to process 1, and SIGKILL after the grace period.

        ``gone`` is set when everything is removed. A grace period of 0 forces the
        deletion: SIGKILL at once.
        """
        if self.terminating:
            return
        was_ready = self.ready
        self.terminating = True
        if was_ready:
            self.unready_since = time.monotonic()
        self.event("deleted")
        grace = self.spec.get("terminationGracePeriodSeconds", 30) if grace is None else grace
        threading.Thread(target=self._shut_down, args=[grace], daemon=True).start()

    def _shut_down(self, grace):
        with self.lock:
            instances = [instance for instance in self.instances.values() if not instance.done.is_set()]
        stops = [threading.Thread(target=self._stop, args=[instance, grace], daemon=True) for instance in instances]
        for stop in stops:
            stop.start()
        for stop in stops:
            stop.join()
        self._clear()
        self.event("gone")
        self.gone.set()

    def _clear(self):
        engine("kill", "--signal", "KILL", self.sandbox, check=False)
        engine("rm", "--force", self.sandbox, check=False)
        if self.volumes:
            self.volumes.remove()

    def _stop(self, instance, grace):
        with instance.stopping:
            if instance.done.is_set():
                return
            end = time.monotonic() + grace
            if grace > 0:
                self._pre_stop(instance, grace)
                self.event(f"{instance.stop_signal} {instance.spec['name']}")
                engine("kill", "--signal", instance.stop_signal, instance.name, check=False)
                # A kubelet waits at least 2 s, even if preStop took the whole grace period.
                if instance.done.wait(max(end - time.monotonic(), 2)):
                    return
            self.event(f"KILL {instance.spec['name']}")
            engine("kill", "--signal", "KILL", instance.name, check=False)
            instance.done.wait()

    def _pre_stop(self, instance, grace):
        hook = instance.spec.get("lifecycle", {}).get("preStop")
        if not hook:
            return
        self.event("preStop")
        if "sleep" in hook:
            instance.done.wait(min(hook["sleep"]["seconds"], grace))
        elif "exec" in hook:
            engine("exec", instance.name, *hook["exec"]["command"], check=False, timeout=grace)
        else:
            raise podspec.UnsupportedError(f"preStop {', '.join(hook)}")

    # For tests

    @property
    def image_id(self):
        """Return the ID of the image of the pod's first container."""
        return self.instances[self.spec["containers"][0]["name"]].image["Id"].removeprefix("sha256:")

    def exec(self, *command, container=None, check=True):
        """Run a command in a running container, and return its output."""
        instance = self.instances[container or self.spec["containers"][0]["name"]]
        return engine("exec", instance.name, *command, check=check).stdout

    def hang(self):
        """Send SIGSTOP to all processes of the first container."""
        self._signal_all(signal.SIGSTOP)

    def resume(self):
        """Continue the processes that ``hang`` stopped."""
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number):
        name = self.instances[self.spec["containers"][0]["name"]].name
        for pid in engine("top", name, *(["hpid"] if is_podman() else ["-eo", "pid"])).stdout.split()[1:]:
            # A process that has just exited has the ID `?`, or can no longer be signaled.
            with contextlib.suppress(ProcessLookupError, ValueError):
                os.kill(int(pid), number)

    def logs(self):
        """Return the output of the containers so far, beginning with those that exited."""
        text = list(self.output)
        for instance in list(self.instances.values()):
            if not instance.done.is_set():
                done = engine("logs", instance.name, check=False)
                text.append(done.stdout + done.stderr)
        return "".join(text)

    def events_text(self):
        """Return the events as text, with the seconds since the first event."""
        first = self.events[0][0] if self.events else 0
        return "\n".join(f"{at - first:7.2f} {self.name} {text}" for at, text in self.events)


def unmount_all(folder):
    """Unmount everything below ``folder``, so that it can be deleted."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        if line.split()[1].startswith(f"{folder}/"):
            subprocess.run(["umount", "--lazy", line.split()[1]], check=False, capture_output=True)

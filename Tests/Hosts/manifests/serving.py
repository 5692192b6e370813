"""Knative services: a pod's specification, of which Knative and Cloud Run each accept a part, and annotations."""
import copy, re

from files import documents, required
from schemas import valid

# The ports of Knative's proxy in each pod: HTTP, HTTP/2, HTTPS, and metrics for the autoscaler.
QUEUE_PROXY = {"http": 8012, "http2": 8013, "https": 8112, "autoscaler": 9090}

COUNT, SWITCH = r"\d+", "true|false"

# From knative.dev/serving: pkg/apis/serving/fieldmask.go and pkg/apis/autoscaling/register.go, without fields that need
# a feature flag.
KNATIVE = {
    "service": {"serving.knative.dev/rollout-duration": r"\d+s"},
    "template": {
        "autoscaling.knative.dev/activation-scale": COUNT,
        "autoscaling.knative.dev/class": r"(kpa|hpa)\.autoscaling\.knative\.dev",
        "autoscaling.knative.dev/initial-scale": COUNT,
        "autoscaling.knative.dev/max-scale": COUNT,
        "autoscaling.knative.dev/metric": "concurrency|rps|cpu|memory",
        "autoscaling.knative.dev/min-scale": COUNT,
        "autoscaling.knative.dev/scale-down-delay": r"\d+[sm]",
        "autoscaling.knative.dev/scale-to-zero-pod-retention-period": r"\d+[sm]",
        "autoscaling.knative.dev/target": COUNT,
        "autoscaling.knative.dev/target-burst-capacity": r"-1|\d+",
        "autoscaling.knative.dev/target-utilization-percentage": COUNT,
        "autoscaling.knative.dev/window": r"\d+[sm]",
    },
    "pod": {
        "automountServiceAccountToken", "containers", "enableServiceLinks", "imagePullSecrets", "serviceAccountName",
        "volumes",
    },
    "container": {
        "args", "command", "env", "envFrom", "image", "imagePullPolicy", "livenessProbe", "name", "ports",
        "readinessProbe", "resources", "securityContext", "startupProbe", "terminationMessagePath",
        "terminationMessagePolicy", "volumeMounts", "workingDir",
    },
}

# From cloud.google.com/run/docs/reference/yaml/v1.
CLOUD_RUN = {
    "service": {
        "run.googleapis.com/binary-authorization": ".+",
        "run.googleapis.com/description": ".+",
        "run.googleapis.com/ingress": "all|internal|internal-and-cloud-load-balancing",
        "run.googleapis.com/invoker-iam-disabled": SWITCH,
        "run.googleapis.com/launch-stage": "ALPHA|BETA|GA",
        "run.googleapis.com/maxScale": COUNT,
        "run.googleapis.com/minScale": COUNT,
    },
    "template": {
        "autoscaling.knative.dev/maxScale": COUNT,
        "autoscaling.knative.dev/minScale": COUNT,
        "run.googleapis.com/cpu-throttling": SWITCH,
        "run.googleapis.com/encryption-key": ".+",
        "run.googleapis.com/execution-environment": "gen1|gen2",
        "run.googleapis.com/network-interfaces": r'\[\{"network":"[\w-]+","subnetwork":"[\w-]+"\}\]',
        "run.googleapis.com/sessionAffinity": SWITCH,
        "run.googleapis.com/startup-cpu-boost": SWITCH,
        "run.googleapis.com/vpc-access-connector": ".+",
        "run.googleapis.com/vpc-access-egress": "all-traffic|private-ranges-only",
    },
    "pod": {"containers", "serviceAccountName", "volumes"},
    "container": {
        "args", "command", "env", "image", "livenessProbe", "name", "ports", "readinessProbe", "resources",
        "startupProbe", "volumeMounts", "workingDir",
    },
}


def service(resource, kind, where):
    """Checks a service against the fields of its kind, and returns its pod as Kubernetes would know it."""
    assert (resource["apiVersion"], resource["kind"]) == ("serving.knative.dev/v1", "Service"), where
    assert resource.keys() == {"apiVersion", "kind", "metadata", "spec"}, where
    assert resource["spec"].keys() == {"template"}, where
    template = resource["spec"]["template"]
    for part, metadata in ("service", resource["metadata"]), ("template", template["metadata"]):
        for name, value in metadata.get("annotations", {}).items():
            known = re.fullmatch(kind[part].get(name, "(?!)"), value)
            assert known, f"{where}: a {part} has no annotation {name}: {value}"
    pod = copy.deepcopy(template["spec"])
    for name in "containerConcurrency", "timeoutSeconds":
        assert isinstance(pod.pop(name), int), f"{where}: {name}"
    [container] = pod["containers"]
    unknown = pod.keys() - kind["pod"] | container.keys() - kind["container"]
    assert not unknown, f"{where}: {unknown} is not accepted"
    assert container["ports"] == [{"name": "http1", "containerPort": 8080}], f"{where}: another port"
    assert "PORT" not in [entry["name"] for entry in container["env"]], f"{where}: the platform sets PORT"
    return pod


def knative(resource):
    pod = service(resource, KNATIVE, "knative")
    [container] = pod["containers"]
    for name, probe in container.items():
        if name.endswith("Probe"):
            probe["httpGet"].setdefault("port", 8080)  # Knative knows the port.
    readiness = container["readinessProbe"]
    # Without a period Knative probes as often as it likes, and refuses these fields.
    refused = readiness.keys() & {"failureThreshold", "timeoutSeconds"}
    assert "periodSeconds" in readiness or not refused, f"knative: {refused} is refused without periodSeconds"
    return pod


def cloud_run(folder):
    [resource] = documents(folder / "service.yaml")
    pod = service(resource, CLOUD_RUN, "cloud-run")
    valid({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, "spec": {
        name: value for name, value in pod.items() if name != "serviceAccountName"}})
    [container] = pod["containers"]
    for name in "livenessProbe", "startupProbe":
        expected = {"path": "/_/health", "port": 8080}
        assert container[name]["httpGet"] == expected, f"cloud-run: {name} asks for {container[name]['httpGet']}"
    readme = (folder / "README.md").read_text()
    settings = {entry["name"]: entry.get("value") for entry in container["env"]}
    missing = required()["handler"] - settings.keys()
    missing |= {name for name in required()["worker"] if f"{name}=" not in readme}
    assert not missing, f"cloud-run: {missing} is not given"
    # Secrets are those that the README creates, and files are where the settings say.
    references = [(one["valueFrom"]["secretKeyRef"]["name"], one["valueFrom"]["secretKeyRef"]["key"])
        for one in container["env"] if "valueFrom" in one]
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    files = set()
    for volume in pod["volumes"]:
        assert volume["name"] in mounts, f"cloud-run: {volume['name']} is mounted nowhere"
        for item in volume["secret"]["items"]:
            references.append((volume["secret"]["secretName"], item["key"]))
            files.add(f"{mounts[volume['name']]}/{item['path']}")
    assert mounts.keys() == {volume["name"] for volume in pod["volumes"]}, "cloud-run: a mount without a volume"
    assert files == {settings["SSL_CERT_FILE"]}, f"cloud-run: {files} are mounted, not {settings['SSL_CERT_FILE']}"
    created = {*re.findall(r"secrets create (\S+)", readme)}
    for names in re.findall(r"for name in (.+); do\n *gcloud secrets create", readme):
        created |= {*names.split()}
    for name, version in references:
        assert name in created and version.isdigit(), f"cloud-run: README.md creates no version {version} of {name}"

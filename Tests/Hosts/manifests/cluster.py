"""What is applied to a cluster, as a whole: each reference names what is there, and who shall be reached is let in."""
import base64, dataclasses, ipaddress, re, urllib.parse

import serving
from files import README, required
from schemas import valid


@dataclasses.dataclass
class Workload:
    """Something that makes pods, as the rest sees it."""
    name: str
    labels: dict
    pod: dict
    # By name: what the container listens at, and what others reach.
    ports: dict
    served: dict

    @property
    def container(self):
        [container] = self.pod["containers"]
        return container


def workload(resource):
    if resource["kind"] == "Deployment":
        valid(resource)
        template = resource["spec"]["template"]
        pod = template["spec"]
    else:
        pod = serving.knative(resource)
        template = resource["spec"]["template"]
        valid({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, "spec": pod})
    ports = {port["name"]: port["containerPort"] for port in pod["containers"][0].get("ports", [])}
    served = ports if resource["kind"] == "Deployment" else serving.QUEUE_PROXY
    return Workload(resource["metadata"]["name"], template["metadata"]["labels"], pod, ports, served)


def restricted(one):
    """The restricted Pod Security Standard, and a root that cannot be written."""
    pod, container = one.pod, one.container
    context = pod.get("securityContext", {}) | container["securityContext"]
    assert context["runAsNonRoot"] is True and context["runAsUser"] == 65532, f"{one.name}: may be root"
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}, f"{one.name}: no seccomp profile"
    assert context["allowPrivilegeEscalation"] is False, f"{one.name}: may get rights"
    assert context["capabilities"] == {"drop": ["ALL"]}, f"{one.name}: has capabilities"
    assert context["readOnlyRootFilesystem"] is True, f"{one.name}: may write"
    assert container["resources"]["limits"]["memory"], f"{one.name}: may take all memory"
    assert not {"hostNetwork", "hostPID", "hostIPC", "volumes"} & pod.keys(), f"{one.name}: shares with its host"
    assert pod["automountServiceAccountToken"] is False and pod["enableServiceLinks"] is False, one.name
    assert "/" in container["image"], f"{one.name}: nobody says where {container['image']} is"


def given(one, kept):
    """A workload's settings, with those from config maps and secrets, which must hold them."""
    settings = {}
    for source in one.container.get("envFrom", []):
        [(kind, reference)] = source.items()
        assert (kind, reference["name"]) in kept, f"{one.name}: there is no {reference['name']}"
        settings |= kept[kind, reference["name"]]
    for entry in one.container["env"]:
        if "value" in entry:
            settings[entry["name"]] = entry["value"]
            continue
        [(kind, reference)] = entry["valueFrom"].items()
        values = kept.get((kind.replace("Key", ""), reference["name"]), {})
        assert reference["key"] in values, f"{one.name}: there is no {reference['key']} in {reference['name']}"
        settings[entry["name"]] = values[reference["key"]]
    unknown = {name for name in settings if f"`{name}`" not in README}
    assert not unknown, f"{one.name}: README.md does not know {unknown}"
    missing = required()[one.labels["app.kubernetes.io/component"]] - settings.keys()
    assert not missing, f"{one.name}: is not given {missing}"
    for block in filter(None, settings.get("POSTERN_TRUSTED_PROXIES", "").split(",")):
        network = ipaddress.ip_network(block)
        narrow = network.is_loopback or network.num_addresses <= 256
        assert narrow, f"{one.name}: nodes or clients may be among the proxies of {block}"
    return settings


def probes(one, settings):
    assert "livenessProbe" in one.container, f"{one.name}: nobody asks whether it lives"
    for name, probe in ((name, value) for name, value in one.container.items() if name.endswith("Probe")):
        if "exec" in probe:
            [port] = re.findall(r"http://127\.0\.0\.1:(\d+)/metrics", " ".join(probe["exec"]["command"]))
            assert port == settings["POSTERN_METRICS"], f"{one.name}: {name} asks at {port}"
        else:
            port = probe["httpGet"]["port"]
            assert port in (*one.ports, *one.ports.values()), f"{one.name}: {name} asks at {port}"
            # An outage of Redis is the handler's to tell: the load balancer's own answer would be none for the form.
            assert probe["httpGet"]["path"] == "/healthz", f"{one.name}: {name} asks for more than life"
    if one.ports:
        assert [*one.ports.values()] == [int(settings.get("PORT", 8080))], f"{one.name}: listens at another port"


def selected(selector, workloads, what):
    assert selector.keys() <= {"matchLabels"}, f"{what}: this check does not know {selector.keys()}"
    labels = selector.get("matchLabels", {}).items()
    found = [one for one in workloads if labels <= one.labels.items()]
    assert found, f"{what}: selects nothing"
    return found


def references(resource, workloads):
    """Selectors, targets and ports of what is neither workload nor policy."""
    kind, spec = resource["kind"], resource.get("spec", {})
    if kind == "Service":
        for one in selected({"matchLabels": spec["selector"]}, workloads, kind):
            for port in spec["ports"]:
                assert port["targetPort"] in (*one.served, *one.served.values()), f"{kind}: no port {port['targetPort']}"
    elif kind == "HorizontalPodAutoscaler":
        assert spec["scaleTargetRef"]["name"] in [one.name for one in workloads], f"{kind}: scales nothing"
    elif "selector" in spec:
        selected(spec["selector"], workloads, kind)


def policies(specs, workloads, settings):
    assert {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]} in specs, "not all is forbidden that is not allowed"
    allowed = {(one.name, direction): set() for one in workloads for direction in ("ingress", "egress")}
    for spec in specs:
        rules = spec.keys() & {"ingress", "egress"}
        assert rules <= {name.lower() for name in spec["policyTypes"]}, f"NetworkPolicy: {rules} does not count"
        for one in selected(spec["podSelector"], workloads, "NetworkPolicy"):
            for direction in rules:
                ports = (port for rule in spec[direction] for port in rule["ports"])
                allowed[one.name, direction] |= {(port["protocol"], port["port"]) for port in ports}
    for one in workloads:
        served = {("TCP", port) for port in one.served.values()}
        assert allowed[one.name, "ingress"] == served, f"{one.name}: is reached at {allowed[one.name, 'ingress']}"
        wanted = {("UDP", 53), ("TCP", 53)}
        for name in {"REDIS_URL", "POSTERN_MAIL_URL"} & settings[one.name].keys():
            wanted.add(("TCP", urllib.parse.urlsplit(settings[one.name][name]).port))
        reached = allowed[one.name, "egress"]
        assert wanted <= reached, f"{one.name}: does not reach {wanted - reached}"
        assert wanted == reached or "POSTERN_MAIL_URL" in settings[one.name], f"{one.name}: reaches {reached - wanted}"


def hold(resources, where):
    workloads, kept, specs = [], {}, []
    for resource in resources:
        kind = resource["kind"]
        if kind == "Deployment" or resource["apiVersion"].startswith("serving.knative.dev/"):
            workloads.append(workload(resource))
            continue
        valid(resource)
        if kind == "NetworkPolicy":
            specs.append(resource["spec"])
        elif kind == "ConfigMap":
            kept["configMapRef", resource["metadata"]["name"]] = resource["data"]
        elif kind == "Secret":
            values = {name: base64.b64decode(value).decode() for name, value in resource["data"].items()}
            kept["secretRef", resource["metadata"]["name"]] = values
    components = sorted(one.labels["app.kubernetes.io/component"] for one in workloads)
    assert components == ["handler", "worker"], f"{where}: {components} are started"
    assert not set.intersection(*map(set, kept.values())), f"{where}: a secret is among the settings"
    settings = {}
    for one in workloads:
        restricted(one)
        settings[one.name] = given(one, kept)
        probes(one, settings[one.name])
    for resource in resources:
        if resource["kind"] == "Deployment":
            labels = resource["spec"]["template"]["metadata"]["labels"]
            assert resource["spec"]["selector"]["matchLabels"].items() <= labels.items(), f"{where}: selects nothing"
        elif resource["kind"] != "NetworkPolicy" and not resource["apiVersion"].startswith("serving.knative.dev/"):
            references(resource, workloads)
    policies(specs, workloads, settings)

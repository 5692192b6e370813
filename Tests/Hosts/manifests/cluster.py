"""The resources that are applied to a cluster, as a whole: every reference has a target, and network policies admit the
connections that are needed, and no others."""
import base64, dataclasses, ipaddress, re, urllib.parse

import serving
from files import SETTINGS, required
from schemas import valid


@dataclasses.dataclass
class Workload:
    """A resource that makes pods."""
    name: str
    labels: dict
    pod: dict
    # Ports by name: those that the container listens on, and those that others reach.
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
    assert "/" in container["image"], f"{one.name}: {container['image']} has no registry"


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
    unknown = settings.keys() - SETTINGS.keys()
    assert not unknown, f"{one.name}: SETTINGS.md does not have {unknown}"
    missing = required()[one.labels["app.kubernetes.io/component"]] - settings.keys()
    assert not missing, f"{one.name}: is not given {missing}"
    for block in filter(None, settings.get("POSTERN_TRUSTED_PROXIES", "").split(",")):
        network = ipaddress.ip_network(block)
        narrow = network.is_loopback or network.num_addresses <= 256
        assert narrow, f"{one.name}: nodes or clients may be among the proxies of {block}"
    return settings


def probes(one, settings):
    assert "livenessProbe" in one.container, f"{one.name} has no liveness probe"
    for name, probe in ((name, value) for name, value in one.container.items() if name.endswith("Probe")):
        if "exec" in probe:
            [port] = re.findall(r"http://127\.0\.0\.1:(\d+)/metrics", " ".join(probe["exec"]["command"]))
            assert port == settings["POSTERN_METRICS"], f"{one.name}: {name} asks at {port}"
        else:
            port = probe["httpGet"]["port"]
            assert port in (*one.ports, *one.ports.values()), f"{one.name}: {name} asks at {port}"
            # The handler itself reports an outage of Redis: the form could not read the load balancer's own answer.
            assert probe["httpGet"]["path"] == "/healthz", f"{one.name}: {name} asks for more than liveness"
    if one.ports:
        assert [*one.ports.values()] == [int(settings.get("PORT", 8080))], f"{one.name}: listens at another port"


def selected(selector, workloads, what):
    assert selector.keys() <= {"matchLabels"}, f"{what}: this check does not know {selector.keys()}"
    labels = selector.get("matchLabels", {}).items()
    found = [one for one in workloads if labels <= one.labels.items()]
    assert found, f"{what}: selects nothing"
    return found


def references(resource, workloads):
    """Checks selectors, targets and ports of a resource that is neither a workload nor a policy."""
    kind, spec = resource["kind"], resource.get("spec", {})
    if kind == "Service":
        assert spec.get("type", "ClusterIP") == "ClusterIP", f"{kind}: reached from outside of the cluster"
        for one in selected({"matchLabels": spec["selector"]}, workloads, kind):
            for port in spec["ports"]:
                target = port["targetPort"]
                assert target in (*one.served, *one.served.values()), f"{kind}: no port {target}"
    elif kind == "HorizontalPodAutoscaler":
        assert spec["scaleTargetRef"]["name"] in [one.name for one in workloads], f"{kind}: scales nothing"
    elif "selector" in spec:
        selected(spec["selector"], workloads, kind)


def policies(specs, workloads, settings):
    deny_all = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert deny_all in specs, "traffic that no policy allows is not forbidden"
    allowed = {(one.name, direction): set() for one in workloads for direction in ("ingress", "egress")}
    for spec in specs:
        rules = spec.keys() & {"ingress", "egress"}
        assert rules <= {name.lower() for name in spec["policyTypes"]}, f"NetworkPolicy: {rules} has no effect"
        for rule in spec.get("ingress", []):
            narrow = rule.get("from") and all(peer.get("namespaceSelector") for peer in rule["from"])
            assert narrow, f"NetworkPolicy: every pod may reach {spec['podSelector']}"
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


def hold(resources, where, expected):
    """Checks resources that are applied together, and start the expected components."""
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
    assert components == expected, f"{where}: {components} are started"
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

"""A test of the checks: each of these faults, made in a copy of deploy/, must be noticed."""
import pathlib, shutil, tempfile

NAMESPACE, HANDLER, API, WORKER = (f"kubernetes/{name}" for name in ("namespace", "handler", "api", "worker"))

FAULTS = [
    # A file, some of its text, and the faulty text.
    (f"{NAMESPACE}/network-policy.yaml", "policyTypes: [Ingress, Egress]", "policyTypes: [Ingress]"),
    (f"{NAMESPACE}/network-policy.yaml", "port: 6379", "port: 6380"),
    (f"{NAMESPACE}/network-policy.yaml", "protocol: UDP, port: 53", "protocol: UDP, port: 5353"),
    (f"{NAMESPACE}/settings.env", "#POSTERN_TRUSTED_PROXIES=10.4.7.0/24", "POSTERN_TRUSTED_PROXIES=10.0.0.0/8"),
    (f"{NAMESPACE}/settings.env", "POSTERN_MAIL_FROM", "POSTERN_PRODUCT_NAME"),
    (f"{NAMESPACE}/secrets.env.example", "POSTERN_SIGNING_KEYS", "POSTERN_SIGNING_KEY"),
    (f"{NAMESPACE}/kustomization.yaml", "  - network-policy.yaml\n", ""),
    (f"{NAMESPACE}/kustomization.yaml", "name: postern-secrets", "name: postern-secret"),
    (f"{HANDLER}/handler.yaml", "configMapRef: {name: postern-settings}", "configMapRef: {name: postern-setting}"),
    (f"{HANDLER}/handler.yaml", "key: POSTERN_SECRET_KEYS", "key: POSTERN_SECRETS"),
    (f"{HANDLER}/handler.yaml", "targetPort: http", "targetPort: htp"),
    (f"{HANDLER}/handler.yaml", "port: http}\n            periodSeconds: 2",
        "port: htp}\n            periodSeconds: 2"),
    (f"{HANDLER}/handler.yaml", "path: /healthz, port: http}\n            periodSeconds: 2",
        "path: /readyz, port: http}\n            periodSeconds: 2"),
    (f"{HANDLER}/handler.yaml", 'name: PORT, value: "8080"', 'name: PORT, value: "8081"'),
    (f"{HANDLER}/handler.yaml", "kind: Deployment, name: postern-handler", "kind: Deployment, name: postern"),
    (f"{HANDLER}/handler.yaml", "runAsNonRoot: true", "runAsNonRoot: false"),
    (f"{HANDLER}/handler.yaml", "periodSeconds: 1\n", "periodSecond: 1\n"),
    (f"{HANDLER}/network-policy.yaml", "port: 8080", "port: 8081"),
    (f"{HANDLER}/network-policy.yaml", "component: handler", "component: handlers"),
    (f"{API}/api.yaml", "key: POSTERN_SECRET_KEYS", "key: POSTERN_SECRETS"),
    (f"{API}/api.yaml", "path: /healthz, port: http}\n            periodSeconds: 2",
        "path: /readyz, port: http}\n            periodSeconds: 2"),
    (f"{API}/api.yaml", "type: ClusterIP", "type: LoadBalancer"),
    (f"{API}/api.yaml", "selector: {app.kubernetes.io/name: postern, app.kubernetes.io/component: api}",
        "selector: {app.kubernetes.io/name: postern, app.kubernetes.io/component: apis}"),
    (f"{API}/network-policy.yaml", "port: 8080", "port: 80"),
    (f"{API}/network-policy.yaml", "namespaceSelector:\n            matchLabels: {kubernetes.io/metadata.name: portal}",
        "namespaceSelector: {}"),
    (f"{WORKER}/worker.yaml", "127.0.0.1:9464", "127.0.0.1:9465"),
    (f"{WORKER}/worker.yaml", "name: POSTERN_MAIL_URL", "name: POSTERN_MAIL_URI"),
    (f"{WORKER}/network-policy.yaml", "port: 587", "port: 578"),
    ("kubernetes/kustomization.yaml", "name: postern-worker", "name: postern-sender"),
    ("kubernetes/kustomization.yaml", "  - api\n", ""),
    ("knative/service.yaml", "timeoutSeconds: 45", "timeoutSeconds: 45\n      terminationGracePeriodSeconds: 60"),
    ("knative/service.yaml", "name: POSTERN_SECRET_KEYS", "name: POSTERN_SECRETS_KEYS"),
    ("knative/service.yaml", "name: postern-settings", "name: settings"),
    ("knative/service.yaml", "127.0.0.0/8", "127.0.0.0/8,10.0.0.0/8"),
    ("knative/service.yaml", "autoscaling.knative.dev/max-scale", "autoscaling.knative.dev/maximum-scale"),
    ("knative/service.yaml", "readinessProbe:\n", "readinessProbe:\n            timeoutSeconds: 2\n"),
    ("knative/network-policy.yaml", "port: 8012", "port: 8080"),
    ("knative/kustomization.yaml", "  - ../kubernetes/worker\n", ""),
    ("cloud-run/service.yaml", "run.googleapis.com/vpc-access-egress", "run.googleapis.com/vpc-acces-egress"),
    ("cloud-run/service.yaml", "autoscaling.knative.dev/maxScale", "autoscaling.knative.dev/maxScal"),
    ("cloud-run/service.yaml", "name: POSTERN_ALLOWED_ORIGINS", "name: POSTERN_DEFAULT_ORIGIN"),
    ("cloud-run/service.yaml", "mountPath: /etc/postern/redis", "mountPath: /etc/postern"),
    ("cloud-run/service.yaml", "name: postern-redis-url", "name: postern-redis"),
    ("cloud-run/README.md", "POSTERN_MAIL_FROM=", "POSTERN_PRODUCT_NAME="),
    ("container/compose.yaml", "env_file: [postern.env]", "env_file: [postern.envx]"),
    ("container/compose.yaml", "POSTERN_MAIL_URL:", "POSTERN_MAIL_URI:"),
    ("container/compose.yaml", "target: worker", "target: sender"),
    ("container/compose.yaml", "127.0.0.1:8081:8080", "8081:8080"),
]


def hold(check):
    for file, text, slip in FAULTS:
        with tempfile.TemporaryDirectory() as folder:
            deploy = pathlib.Path(shutil.copytree("deploy", f"{folder}/deploy"))
            before = (deploy / file).read_text()
            assert text in before, f"{file} has no {text!r} any more: change the list of faults"
            (deploy / file).write_text(before.replace(text, slip))
            try:
                check(deploy)
            except AssertionError:
                continue
            raise AssertionError(f"no check notices {slip!r} in {file}")

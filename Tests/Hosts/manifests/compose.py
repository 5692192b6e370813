"""The services of Docker Compose: they are hardened, and every reference has a target."""
import yaml

from files import required, settings_of


def hold(folder):
    services = yaml.safe_load((folder / "compose.yaml").read_text())["services"]
    stages = (folder / "Containerfile").read_text()
    for name, service in services.items():
        assert service["read_only"] is True, f"compose: {name} may write"
        assert service["cap_drop"] == ["ALL"], f"compose: {name} has capabilities"
        assert service["security_opt"] == ["no-new-privileges:true"], f"compose: {name} may get privileges"
        assert not service.get("privileged") and (not service.get("volumes") or name == "redis"), f"compose: {name}"
        published = [port for port in service.get("ports", []) if not port.startswith("127.0.0.1:")]
        assert not published, f"compose: {name} is reached from other machines at {published}"
        network = service.get("network_mode", f"service:{name}").removeprefix("service:")
        others = {*service.get("depends_on", []), network}
        assert others <= services.keys(), f"compose: {name} depends on {others - services.keys()}"
        if "build" in service:
            target = service["build"]["target"]
            assert f" AS {target}\n" in stages, f"compose: no stage is named {target}"
            settings = {**service["environment"]}
            for file in service["env_file"]:
                settings |= settings_of(folder / file)
            missing = required()[target] - settings.keys()
            assert not missing, f"compose: {name} is not given {missing}"
    assert {"--appendonly", "noeviction"} <= set(services["redis"]["command"]), "compose: Redis may lose email"

"""AWS Lambda: expands the template for cfn-lint, and checks the recorded events with the types of another library."""
import json

from aws_lambda_powertools.utilities.parser import models
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

KINDS = {
    "http-api-v2": models.APIGatewayProxyEventV2Model,
    "http-api-v2-stage": models.APIGatewayProxyEventV2Model,
    "function-url": models.LambdaFunctionUrlModel,
    "rest-v1": models.APIGatewayProxyEventModel,
    "alb": models.AlbModel,
    "alb-multi-value": models.AlbModel,
}


class NoPolicies:
    def load(self):
        return {}


def template(path, output):
    text = yaml_parse(path.read_text())
    code = text["Resources"]["Handler"]["Properties"]
    archive = (path.parent / code["CodeUri"]).resolve()
    assert archive.is_file(), f"{archive} does not exist"
    # As in a deployment, which uploads the archive.
    code["CodeUri"] = "s3://bucket/postern-handler.zip"
    output.write_text(json.dumps(transform(text, {}, NoPolicies())))


def events(folder):
    paths = {path.stem: path for path in folder.glob("*.json")}
    assert paths.keys() == KINDS.keys(), f"events: {paths.keys() ^ KINDS.keys()}"
    for name, path in paths.items():
        event = json.loads(path.read_text())
        if name == "alb-multi-value":  # The type has single values only.
            for one in "headers", "queryStringParameters":
                all_ = f"multiValue{one[0].upper()}{one[1:]}"
                event[one] = {key: values[-1] for key, values in event.pop(all_).items()}
        KINDS[name].model_validate(event)


def hold(folder, output):
    template(folder / "template.yaml", output)
    events(folder / "events")

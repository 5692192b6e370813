"""AWS Lambda: expands the template for cfn-lint, and checks the recorded events with the types of another library."""
import json

from aws_lambda_powertools.utilities.parser import models
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

from files import required

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
    functions = [one["Properties"] for one in text["Resources"].values() if one["Type"] == "AWS::Serverless::Function"]
    assert len(functions) == 2, "the template has not two functions, handler and API"
    for function in functions:
        archive = (path.parent / function["CodeUri"]).resolve()
        assert archive.is_file(), f"{archive} does not exist"
        # As in a deployment, which uploads the archive.
        function["CodeUri"] = f"s3://bucket/{archive.name}"
        program = archive.stem.removeprefix("postern-")
        missing = required()[program] - function["Environment"]["Variables"].keys()
        assert not missing, f"aws-lambda: {missing} is not given to the {program}"
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

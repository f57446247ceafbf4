"""The image that prepare.py has built, as it is configured, and the compose file, as Docker Compose reads it."""

import re

from tests.deploy.prepare import DEPLOY, image_configuration
from tests.deploy.support import run


def test_the_image_does_not_run_as_root_and_says_how_healthy_it_is() -> None:
    configuration = image_configuration()
    assert configuration["User"] == "10001:10001"
    assert configuration["Entrypoint"] == ["/opt/messenger/bin/messenger"]
    assert configuration["Cmd"] == ["serve"]
    assert "healthcheck.py" in str(configuration["Healthcheck"])


def test_docker_compose_accepts_the_file_with_the_settings_of_the_example() -> None:
    example = (DEPLOY / "compose.env.example").read_text()
    values = dict.fromkeys(re.findall(r"^(\w+)=", example, re.MULTILINE), "x")
    read = ("docker-compose", "--file", DEPLOY / "compose.yaml", "config", "--quiet")
    run(*read, environment=values)

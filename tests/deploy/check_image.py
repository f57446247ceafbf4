"""The image that prepare.py has built, as it is configured."""

from tests.deploy.prepare import image_configuration


def test_the_image_does_not_run_as_root_and_says_how_healthy_it_is() -> None:
    configuration = image_configuration()
    assert configuration["User"] == "10001:10001"
    assert configuration["Entrypoint"] == ["/opt/messenger/bin/messenger"]
    assert configuration["Cmd"] == ["serve"]
    assert "healthcheck.py" in str(configuration["Healthcheck"])

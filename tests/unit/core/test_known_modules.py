"""Which package an import needs, told from names."""

from __future__ import annotations

import re

import pytest

from task_scheduler.core.known_modules import ALIKE, DIFFERING, package_for, package_of, packages_for, seems_provided

_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_PACKAGE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")


@pytest.mark.parametrize(
    ("module", "package"),
    [
        ("yaml", "PyYAML"),
        ("bs4", "beautifulsoup4"),
        ("cv2", "opencv-python"),
        ("PIL.Image", "pillow"),
        ("sklearn.linear_model", "scikit-learn"),
        ("dateutil.parser", "python-dateutil"),
        ("dotenv", "python-dotenv"),
        ("google.cloud.storage", "google-cloud-storage"),
        ("google.cloud.pubsub_v1.types", "google-cloud-pubsub"),
        ("ruamel.yaml", "ruamel.yaml"),
        ("typing_extensions", "typing-extensions"),
        ("requests.adapters", "requests"),
        ("google", None),
        ("mysql", None),
        ("no_such_module", None),
    ],
)
def test_names_the_package_of_a_known_module_and_guesses_none(module: str, package: str | None) -> None:
    assert package_for(module) == package


@pytest.mark.parametrize(
    ("module", "requirement"),
    [
        ("requests", "requests>=2.25"),
        ("requests.adapters", "Requests[socks] ; python_version > '3.8'"),
        ("yaml", "pyyaml"),
        ("cv2", "opencv-contrib-python-headless==4.*"),
        ("flask_login", "Flask.Login"),
        ("google.cloud.storage.blob", "google-cloud-storage"),
        ("google.cloud", "google-cloud-storage"),
        ("azure.identity", "azure-identity"),
        ("backports.zoneinfo", "backports.zoneinfo"),
        ("foolib", "python-foolib"),
        ("foolib", "foolib-py"),
        ("foolib", "pyfoolib"),
        ("foolib", "foo-lib"),
    ],
)
def test_a_package_seems_to_provide_the_module_of_its_name(module: str, requirement: str) -> None:
    assert seems_provided(module, {package_of(requirement)})


@pytest.mark.parametrize(
    ("module", "requirement"),
    [
        ("urllib3", "requests"),
        ("yaml", "requests"),
        ("google.cloud.bigquery", "google-cloud-storage"),
        ("google", "googlemaps"),
        ("py", "python"),
        ("foo", "foobar"),
    ],
)
def test_a_package_does_not_seem_to_provide_other_modules(module: str, requirement: str) -> None:
    assert not seems_provided(module, {package_of(requirement)})


@pytest.mark.parametrize(
    ("requirement", "name"),
    [("My_Package[x]>=2", "my-package"), (" a.b ", "a-b"), ("zip @ file:///x", "zip"), ("", "")],
)
def test_tells_the_package_of_a_requirement(requirement: str, name: str) -> None:
    assert package_of(requirement) == name


def test_every_row_is_a_module_and_packages_that_provide_it() -> None:
    for module, packages in DIFFERING.items():
        assert _DOTTED.fullmatch(module)
        assert packages
        assert packages_for(module) == packages
        assert all(_PACKAGE.fullmatch(package) for package in packages)
        assert seems_provided(f"{module}.inside", {package_of(packages[-1])})
    assert all(_PACKAGE.fullmatch(package) for package in ALIKE)
    assert len(DIFFERING) + len(ALIKE) > 200

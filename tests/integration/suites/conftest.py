import pytest
from suites_project import Project


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)

"""Serves the JupyterLab that webpack built beside this file."""
import os

from jupyterlab_server import LabServerApp

HERE = os.path.dirname(os.path.abspath(__file__))


def _jupyter_server_extension_points():
    return [{"module": __name__, "app": Lab}]


class Lab(LabServerApp):
    """JupyterLab without its own Python package: the front end is ours, the server Debian's."""

    name = "lab"
    app_name = "JupyterLab"
    app_version = "3.6.8"
    app_url = extension_url = "/lab"
    load_other_extensions = False
    static_dir = os.path.join(HERE, "build")
    templates_dir = os.path.join(HERE, "templates")
    schemas_dir = os.path.join(HERE, "build", "schemas")
    themes_dir = os.path.join(HERE, "themes")
    app_settings_dir = os.path.join(HERE, "run", "application")
    user_settings_dir = os.path.join(HERE, "run", "settings")
    workspaces_dir = os.path.join(HERE, "run", "workspaces")


if __name__ == "__main__":
    Lab.launch_instance()

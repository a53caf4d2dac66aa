"""The worked examples for clusters, as far as they can be checked without one."""

import json
import re
import shlex
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml
from typer.main import get_command

from seqbench.cli import app

FOLDER = Path(__file__).parents[2] / "experiments" / "cluster"
EXAMPLES = ("autoscaling.yaml", "slurm.sbatch", "rayjob.yaml")


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_commands_are_those_of_seqbench(name):
    text = (FOLDER / name).read_text().replace('"${1:?name a grid}"', "factorial")
    commands = re.findall(r"seqbench (run .*--on .*)", text)
    assert commands
    for words in map(shlex.split, commands):
        run = get_command(app).commands[words[0]]
        run.make_context("run", words[1:])


def test_the_autoscaled_cluster_keeps_to_rays_schema():
    import ray

    schema = json.loads((Path(ray.__file__).parent / "autoscaler" / "ray-schema.json").read_text())
    validator = jsonschema.validators.validator_for(schema)(schema)
    assert list(validator.iter_errors(yaml.safe_load((FOLDER / "autoscaling.yaml").read_text()))) == []


def test_the_batch_script_is_bash_with_options_that_ray_knows():
    from ray.scripts.scripts import start
    from ray.scripts.symmetric_run import symmetric_run

    path = FOLDER / "slurm.sbatch"
    subprocess.run(["bash", "-n", path], check=True)
    lines = path.read_text().splitlines()
    first = next(number for number, line in enumerate(lines) if line and not line.startswith("#"))
    assert not any(line.startswith("#SBATCH") for line in lines[first:]), "Slurm does not read what follows a command"
    [options] = re.findall(r"ray symmetric-run (.*?)\\\n", path.read_text())
    known = {name for command in (symmetric_run, start) for option in command.params for name in option.opts}
    assert set(re.findall(r"--[\w-]+", options)) <= known


def test_the_job_for_kubernetes_runs_the_tested_ray():
    import ray

    claim, job = yaml.safe_load_all((FOLDER / "rayjob.yaml").read_text())
    spec = job["spec"]["rayClusterSpec"]
    assert spec["rayVersion"] == ray.__version__
    pods = [spec["headGroupSpec"], *spec["workerGroupSpecs"]]
    for pod in (each["template"]["spec"] for each in pods):
        assert pod["volumes"][0]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]

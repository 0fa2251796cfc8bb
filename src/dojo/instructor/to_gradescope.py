"""Release as a Gradescope autograder: a zip with the engine, the katas and two scripts.

It holds solutions and cases, as an autograder has to: Gradescope keeps it from students, and the
engine keeps it from their code. The course's secret is not in it, only this assignment's key.
"""

from __future__ import annotations

import json
import shutil
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Final

import dojo
from dojo.instructor.assignment import Assignment
from dojo.instructor.release import MANIFEST, Target, describe
from dojo.instructor.to_files import zip_folder
from dojo.instructor.versions import kept

__all__ = ["TARGET"]

PACKAGES: Final = ("jaxtyping", "jinja2", "msgspec", "numpy", "torch")
"""What the engine needs to grade, in the versions that are installed here."""

SETUP: Final = """\
#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the image.
#
# Torch comes from pip's default index, where its Linux build brings several gigabytes of GPU
# libraries. For the small CPU build, set PIP_EXTRA_INDEX_URL below to the index that PyTorch's
# installation page names for it.
set -euo pipefail
# export PIP_EXTRA_INDEX_URL=
base=${{DOJO_AUTOGRADER:-/autograder}}
home=${{DOJO_HOME:-/opt/dojo}}
export DEBIAN_FRONTEND=noninteractive

python=
for name in python{minor} python3.12 python3.11 python3.13 python3; do
  if ! command -v "$name" > /dev/null; then
    apt-get update -qq && apt-get install -y -qq "$name" "$name-venv" || continue
  fi
  if "$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'; then
    python=$name
    break
  fi
done
if [ -z "$python" ]; then
  echo "No Python 3.11 or newer: choose the newest Ubuntu image in the autograder's settings." >&2
  exit 1
fi

"$python" -m venv "$home"
"$home/bin/python" -m pip install --quiet --no-cache-dir -r "$base/source/requirements.txt"
rm -rf "$home/engine"
cp -r "$base/source/engine" "$home/engine"
site=$("$home/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
echo "$home/engine" > "$site/dojo-engine.pth"
chmod -R a+rX "$home"
chmod 700 "$base/source"

# So that no student waits for what the solutions give.
"$home/bin/python" -P -s -m dojo.instructor.gradescope --prepare "$base"
"""

RUN: Final = """\
#!/usr/bin/env bash
# Gradescope runs this as root for every submission. Solutions lie in source/: that folder is closed
# to everybody else, and answers run in children that cannot read it.
base=${DOJO_AUTOGRADER:-/autograder}
python=${DOJO_PYTHON:-/opt/dojo/bin/python}
chmod 700 "$base/source"
mkdir -p "$base/results"
rm -f "$base/results/results.json"
cd /
"$python" -P -s -m dojo.instructor.gradescope "$base"
if [ ! -s "$base/results/results.json" ]; then
  echo '{"score": 0.0, "output": "The autograder did not start. Tell your instructor.",' \\
    '"stdout_visibility": "hidden"}' > "$base/results/results.json"
fi
"""


def _write(assignment: Assignment, folder: Path) -> None:
    inner = folder / "autograder"
    inner.mkdir()
    minor = f"{sys.version_info[0]}.{sys.version_info[1]}"
    (inner / "setup.sh").write_text(SETUP.format(minor=minor), encoding="utf-8")
    (inner / "run_autograder").write_text(RUN, encoding="utf-8")
    for script in ("setup.sh", "run_autograder"):
        (inner / script).chmod(0o755)
    pins = (f"{name}=={version(name).partition('+')[0]}\n" for name in PACKAGES)
    (inner / "requirements.txt").write_text("".join(pins), encoding="utf-8")
    engine = Path(dojo.__file__).parent
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    shutil.copytree(engine, inner / "engine" / "dojo", ignore=ignored)
    _write_suite(assignment, inner / "suite")
    zip_folder(inner, folder / f"{assignment.name}-autograder.zip")
    shutil.rmtree(inner)
    text = json.dumps(describe(assignment, "gradescope"), indent=2, ensure_ascii=False) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")


def _write_suite(assignment: Assignment, suite: Path) -> None:
    """Write the assignment's katas, older versions of them, and its key."""
    for entry in assignment.entries:
        for path in (entry.solution, entry.grader):
            copy = suite / path.relative_to(entry.root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
        for path in entry.root.glob(f"translations/{assignment.language}/{entry.id}.toml"):
            copy = suite / path.relative_to(entry.root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    (suite / "katas").mkdir()
    (suite / "assignments").mkdir()
    shutil.copyfile(assignment.path, suite / "assignments" / f"{assignment.name}.toml")
    versions = suite / "course" / "versions" / assignment.name
    versions.mkdir(parents=True)
    for name in kept(assignment):
        shutil.copytree(assignment.course / "versions" / assignment.name / name, versions / name)
    (suite / "course" / "key").write_text(f"{assignment.key()}\n", encoding="ascii")


def _next_steps(assignment: Assignment, folder: Path) -> list[str]:
    archive = folder / f"{assignment.name}-autograder.zip"
    return [
        f"upload {archive} under Configure Autograder; it holds solutions, so show it to nobody",
        f"set the assignment's points to {assignment.points:g}, and limit how often one may submit",
        "then hand in a right and a wrong file yourself, before you publish it",
        f"students get the files of: dojo release {assignment.name} --to files FOLDER",
    ]


TARGET: Final = Target("gradescope", _write, _next_steps, public=False)

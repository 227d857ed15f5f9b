"""`python -m core.devserver forget FOLDER...`: delete private clusters with all their data."""

import sys
from pathlib import Path

from core.devserver import DevServerError, forget

if len(sys.argv) < 3 or sys.argv[1] != "forget":
    raise SystemExit(__doc__)
for name in sys.argv[2:]:
    try:
        forget(Path(name))
    except DevServerError as problem:
        raise SystemExit(str(problem)) from None

"""Why a socket was closed; docs/chat.md says what a client does about each."""

from typing import Final

TOO_LARGE: Final = 1009
RESTART: Final = 1012
TRY_LATER: Final = 1013
SLOW: Final = 4008
CROWD: Final = 4029
TOKEN: Final = 4401
ORIGIN: Final = 4403
SILENT: Final = 4408

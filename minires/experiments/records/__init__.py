"""What a run leaves on disk: a folder with its settings, tables and figures, in plain formats."""

from .config_file import of_one_run, read_config
from .figures import save_figures
from .machine import environment
from .run_folder import LOCK, RunFolder, check_new, make_folder, renamed
from .tables import Table, read_table

__all__ = [
    "LOCK",
    "RunFolder",
    "Table",
    "check_new",
    "environment",
    "make_folder",
    "of_one_run",
    "read_config",
    "read_table",
    "renamed",
    "save_figures",
]

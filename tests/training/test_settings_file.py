"""Settings in a TOML file: UTF-8 whichever program wrote it, and one line for other files."""

import os

import pytest

from minires.errors import ConfigError
from minires.training.settings_file import read_settings


@pytest.fixture
def read(tmp_path):
    def read(content):
        (tmp_path / "settings.toml").write_bytes(content)
        return read_settings(tmp_path / "settings.toml")

    return read


def test_utf_8_with_and_without_a_byte_order_mark(read):
    for mark in (b"", b"\xef\xbb\xbf"):
        assert read(mark + 'data = "ds/accé"\r\n'.encode()) == {"data": "ds/accé"}


@pytest.mark.parametrize(
    "content, words",
    [
        (b'data = "C:\\Users\\me"', "Invalid hex value.*backslash begins an escape"),
        (b'lr = 1\ndata = "C:\\me"', r"at line 2.*backslash begins an escape"),
        (b'data = "C:\\temp\\new"', r"data: expected letters.*'C:\\temp\\new'; .*backslash"),
        ('data = "x"'.encode("utf-16"), "text in UTF-8, got another encoding"),
        (b"a = " + b"[" * 3000, "not TOML"),
        (b"seed = " + b"9" * 5000, "not TOML.*4300 digits"),
        (b"seed = 0x" + b"f" * 5000, "seed: expected a whole number"),
        (b"lr = 1\nlr = 2", "not TOML"),
        (b"seed = 1979-99-99", "not TOML"),
    ],
)
def test_invalid_settings_files(read, content, words):
    with pytest.raises(ConfigError, match=words) as refused:
        read(content)
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 1000


def test_another_line_is_not_blamed_on_windows(read):
    with pytest.raises(ConfigError) as refused:
        read(b'model = "resnet-8"\nlr = \ndata = "C:\\\\me"')
    assert "backslash" not in str(refused.value)


def test_a_windows_path_in_single_quotes(read):
    assert read(b"data = 'C:\\Users\\me'") == {"data": "C:\\Users\\me"}


@pytest.mark.skipif(os.name != "posix", reason="no such devices")
def test_endless_files_are_not_read(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    for path in ("/dev/zero", tmp_path / "fifo", tmp_path):
        with pytest.raises(
            ConfigError, match="expected a settings file, got (a folder|a pipe or a device)"
        ):
            read_settings(path)

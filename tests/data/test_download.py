"""Downloads from servers on this machine that behave, break off, or lie."""

import hashlib
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import minires.data.download as download_module
from minires.data import fetch_cifar10
from minires.data.download import ARCHIVES, Archive, download
from minires.data.paths import download_folder
from minires.errors import ConfigError, DataError

CONTENT = bytes(range(256)) * 2000  # half a megabyte
MD5 = hashlib.md5(CONTENT).hexdigest()


class Server:
    """A mirror on this machine.

    `cut`: it closes the connection after that many bytes. `ranges`: it can start in the middle.
    `shifted`: it then starts that many bytes too late. `delay`: it answers after that many seconds.
    """

    def __init__(self, content=CONTENT, ranges=True, cut=None, status=None, shifted=0, delay=0):
        self.asked = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                asked = self.headers.get("Range")
                server.asked.append(asked)
                time.sleep(delay)
                start = (
                    int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) + shifted
                    if asked and ranges
                    else 0
                )
                if status or start >= len(content):
                    self.send_error(status or 416)
                    return
                self.send_response(206 if start else 200)
                if start:
                    self.send_header(
                        "Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}"
                    )
                self.send_header("Content-Length", str(len(content) - start))
                self.end_headers()
                self.wfile.write(content[start:] if cut is None else content[start : start + cut])

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/file.tar.gz"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()


@pytest.fixture
def serve():
    servers = []

    def start(**behaviour):
        servers.append(Server(**behaviour))
        return servers[-1]

    yield start
    for server in servers:
        server.http.shutdown()
        server.http.server_close()


def archive(*servers):
    return Archive("file.tar.gz", MD5, len(CONTENT), tuple(server.url for server in servers))


def test_download(serve, tmp_path):
    path = download(archive(serve()), tmp_path / "new" / "folder")
    assert path.read_bytes() == CONTENT
    assert sorted(p.name for p in path.parent.iterdir()) == [".file.tar.gz.lock", "file.tar.gz"]


def test_a_file_that_is_there_is_not_fetched_again(serve, tmp_path):
    server = serve()
    (tmp_path / "file.tar.gz").write_bytes(CONTENT)
    download(archive(server), tmp_path)
    assert server.asked == []


def test_another_file_of_that_name_is_not_overwritten(serve, tmp_path):
    (tmp_path / "file.tar.gz").write_bytes(b"precious")
    with pytest.raises(DataError, match="another file has this name"):
        download(archive(serve()), tmp_path)
    assert (tmp_path / "file.tar.gz").read_bytes() == b"precious"


def test_a_partial_download_goes_on_where_it_stopped(serve, tmp_path):
    server = serve()
    (tmp_path / "file.tar.gz.part").write_bytes(CONTENT[:100_000])
    assert download(archive(server), tmp_path).read_bytes() == CONTENT
    assert server.asked == ["bytes=100000-"]


def test_a_mirror_that_cannot_start_in_the_middle_starts_from_the_beginning(serve, tmp_path):
    (tmp_path / "file.tar.gz.part").write_bytes(CONTENT[:100_000])
    assert download(archive(serve(ranges=False)), tmp_path).read_bytes() == CONTENT


def test_the_next_mirror_goes_on_where_the_first_broke_off(serve, tmp_path):
    first, second = serve(cut=200_000), serve()
    assert download(archive(first, second), tmp_path).read_bytes() == CONTENT
    (asked,) = second.asked  # up to one chunk may have been on its way when the connection broke
    assert int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) > 100_000


def test_a_mirror_with_other_content_is_passed_over(serve, tmp_path):
    assert download(archive(serve(content=b"x" * 1000), serve()), tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("leftover", [CONTENT + b"more", b"y" * len(CONTENT), b"y" * 50])
def test_a_wrong_leftover_is_thrown_away(serve, tmp_path, leftover):
    (tmp_path / "file.tar.gz.part").write_bytes(leftover)
    assert download(archive(serve(), serve()), tmp_path).read_bytes() == CONTENT


def test_all_mirrors_fail_and_each_is_named_with_its_reason(serve, tmp_path):
    servers = serve(status=503), serve(content=b"x" * len(CONTENT)), serve(cut=10)
    with pytest.raises(DataError) as error:
        download(archive(*servers), tmp_path)
    text = str(error.value)
    assert all(server.url in text for server in servers) and "\n" not in text
    assert "503" in text and "its MD5 is not" in text and "broke off" in text
    assert not (tmp_path / "file.tar.gz").exists()


def test_no_connection(tmp_path):
    with pytest.raises(DataError, match="no connection"):
        download(Archive("file.tar.gz", MD5, 1, ("http://127.0.0.1:9/file.tar.gz",)), tmp_path)


def test_unwritable_folder(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="cannot be written"):
        download(Archive("file.tar.gz", MD5, 1, ()), tmp_path / "file" / "folder")


def test_unknown_kind():
    with pytest.raises(ConfigError, match="did you mean 'binary'"):
        fetch_cifar10(kind="binry")


def test_the_addresses_end_in_the_names_of_their_archives():
    for kind in ARCHIVES.values():
        assert len(kind.mirrors) >= 2 and all(
            url.startswith("https://") and url.endswith(kind.name) for url in kind.mirrors
        )


def test_ctrl_c_keeps_what_has_arrived(serve, tmp_path, monkeypatch):
    pieces = download_module._in_time

    def interrupted(answer):
        for number, piece in enumerate(pieces(answer)):
            yield piece  # where the file begins, then a piece of it
            if number:
                raise KeyboardInterrupt

    server = serve()
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(download_module, "_in_time", interrupted)
        download(archive(server), tmp_path)
    arrived = (tmp_path / "file.tar.gz.part").read_bytes()
    assert arrived and CONTENT.startswith(arrived) and not (tmp_path / "file.tar.gz").exists()
    assert download(archive(server), tmp_path).read_bytes() == CONTENT
    assert server.asked == [None, f"bytes={len(arrived)}-"]


def test_a_complete_leftover_needs_no_more_bytes(serve, tmp_path):
    (tmp_path / "file.tar.gz.part").write_bytes(CONTENT)
    assert download(archive(serve()), tmp_path).read_bytes() == CONTENT


def test_a_mirror_that_sends_another_part_is_passed_over(serve, tmp_path):
    (tmp_path / "file.tar.gz.part").write_bytes(CONTENT[:100_000])
    second = serve()
    assert download(archive(serve(shifted=7), second), tmp_path).read_bytes() == CONTENT
    assert second.asked == ["bytes=100000-"]  # no correct byte has been lost


def test_a_silent_mirror_is_given_up(serve, tmp_path, monkeypatch):
    monkeypatch.setattr("minires.data.download.TIMEOUT", 0.2)
    with pytest.raises(DataError, match="no answer in 0.2 s"):
        download(archive(serve(delay=1)), tmp_path)


def test_where_a_download_goes(tmp_path, monkeypatch):
    monkeypatch.setattr("minires.data.paths.user_cache", lambda: tmp_path / "cache")
    monkeypatch.delenv("MINIRES_DATA", raising=False)
    assert download_folder() == tmp_path / "cache"
    monkeypatch.setenv("MINIRES_DATA", str(tmp_path / "env"))
    assert download_folder() == tmp_path / "env"
    assert download_folder(tmp_path / "named") == tmp_path / "named"

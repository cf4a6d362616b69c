"""Downloads from servers that lie, break the rules of HTTP, or never end: the next mirror is tried,
or one line says what is wrong. The result is never a wrong file, more bytes than the file has, or a
hang."""

import gzip
import hashlib
import multiprocessing
import random
import socketserver
import threading
import time
from pathlib import Path

import pytest

from minires.data import download as module
from minires.data.download import Archive, download
from minires.errors import DataError

from ..faults import cases

CONTENT = random.Random(0).randbytes(200_000)
MD5 = hashlib.md5(CONTENT).hexdigest()
LONGEST = 10  # seconds that a download may take here
ENDLESS = 400  # repetitions of something endless, after which the server stops


class Server(socketserver.ThreadingTCPServer):
    """Sends the pieces that ``answer(request)`` yields; a number among them is a pause."""

    daemon_threads, allow_reuse_address, block_on_close = True, True, False

    def __init__(self, answer):
        self.asked, self.sent = [], 0
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                lines = []
                while (line := self.rfile.readline()).strip():
                    lines.append(line.decode())
                outer.asked.append("".join(lines))
                try:
                    for piece in answer(outer.asked[-1]):
                        if isinstance(piece, bytes):
                            self.wfile.write(piece)
                            self.wfile.flush()
                            outer.sent += len(piece)
                        else:
                            time.sleep(piece)
                except OSError:
                    pass  # the client has closed the connection

        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}/file.tar.gz"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def serve(monkeypatch):
    monkeypatch.setattr(module, "TIMEOUT", 0.4)
    servers = []

    def start(answer):
        servers.append(Server(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def archive(*servers):
    return Archive("file.tar.gz", MD5, len(CONTENT), tuple(server.url for server in servers))


def head(status, *lines):
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode()


def start_of(request):
    """The offset of the first byte that the request wants."""
    for line in request.splitlines():
        if line.lower().startswith("range: bytes="):
            return int(line.split("=")[1].rstrip("-"))
    return 0


def honest(request):
    start = start_of(request)
    place = f"Content-Range: bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"
    yield head("206 Partial" if start else "200 OK", f"Content-Length: {len(CONTENT) - start}")[:-2]
    yield (place + "\r\n\r\n").encode() if start else b"\r\n"
    yield CONTENT[start:]


def with_length(length, body=CONTENT):
    return lambda request: iter([head("200 OK", f"Content-Length: {length}"), body])


def with_location(location, body=b""):
    lines = (f"Location: {location}", "Content-Length: 99999999")
    return lambda request: iter([head("302 Found", *lines), *[body] * ENDLESS])


def packed(request):
    body = gzip.compress(bytes(50_000_000))
    yield head("200 OK", "Content-Encoding: gzip", f"Content-Length: {len(body)}")
    yield body


def endless(request):
    yield head("200 OK")
    for _ in range(ENDLESS):
        yield bytes(65536)


def trickle(request):
    yield head("200 OK")
    for byte in CONTENT[:ENDLESS]:
        yield bytes([byte])
        yield 0.1


def trickling_headers(request):
    yield b"HTTP/1.1 200 OK\r\nX: "
    for _ in range(ENDLESS):
        yield b"x"
        yield 0.1


def test_a_bad_length_or_location_leads_to_the_next_mirror(serve, tmp_path):
    liars = [with_length(length) for length in ("many", "-5", "1", "9" * 5000, "5, 6")]
    places = ("http://[::bad", "http://", "file:///etc/passwd", "\x1b[31m", "http://a:b:c/")
    liars += [with_location(location) for location in places]
    for number, liar in enumerate(liars):
        path = download(archive(serve(liar), serve(honest)), tmp_path / f"{number}")
        assert path.read_bytes() == CONTENT, number


@pytest.mark.parametrize("liar", [packed, endless, with_location("/again", bytes(65536))])
def test_a_body_is_bounded_and_not_unpacked(serve, tmp_path, monkeypatch, liar):
    found, is_right = [0], module._is_right

    def watched(path, archive):
        found.append(path.stat().st_size)
        return is_right(path, archive)

    monkeypatch.setattr(module, "_is_right", watched)
    server = serve(liar)
    with pytest.raises(DataError, match="no mirror delivered it"):
        download(archive(server), tmp_path)
    found += [path.stat().st_size for path in tmp_path.iterdir()]
    assert max(found) <= len(CONTENT)
    assert server.sent < 15_000_000 * len(server.asked)  # much of what was sent is still on its way


def test_a_file_that_is_announced_as_compressed_and_is_not(serve, tmp_path):
    """Some servers say about every .gz file that it is compressed for the transfer."""
    lines = ("Content-Encoding: gzip", f"Content-Length: {len(CONTENT)}")
    server = serve(lambda request: iter([head("200 OK", *lines), CONTENT]))
    assert download(archive(server), tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("liar", [trickle, trickling_headers])
def test_a_mirror_that_sends_almost_nothing_is_given_up(serve, tmp_path, liar):
    started = time.monotonic()
    assert download(archive(serve(liar), serve(honest)), tmp_path).read_bytes() == CONTENT
    assert time.monotonic() - started < 5


def test_wrong_bytes_from_one_mirror_do_not_spoil_the_next(serve, tmp_path):
    """The first mirror sends a wrong half and breaks off. The download asks the next one for the
    rest, finds the result wrong, and asks for the whole file."""
    size = f"Content-Length: {len(CONTENT)}"
    liar = serve(lambda request: iter([head("200 OK", size), bytes(150_000)]))
    right = serve(honest)
    assert download(archive(liar, right), tmp_path).read_bytes() == CONTENT
    assert [start_of(request) > 0 for request in right.asked] == [True, False]


def test_a_mirrors_control_characters_do_not_reach_the_terminal(serve, tmp_path):
    liar = serve(lambda request: iter([head("503 \x1b[31mred\x07"), b""]))
    with pytest.raises(DataError, match=r"answered 503 Service Unavailable\)") as error:
        download(archive(liar), tmp_path)
    assert str(error.value).isprintable()


def test_too_little_room_is_reported_before_a_byte_is_fetched(serve, tmp_path):
    server = serve(honest)
    huge = Archive("file.tar.gz", MD5, 10**18, (server.url,))
    with pytest.raises(DataError, match="too little room: expected 1000000000000 MB"):
        download(huge, tmp_path)
    assert server.asked == []


def _download_at_once(archive, folder, delay):
    time.sleep(delay)
    download(archive, folder)


@pytest.mark.slow  # processes that meet at any moment of a download
@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="started fast, by a fork"
)
def test_processes_that_download_at_once(serve, tmp_path):
    """Each of them has the file in the end, although one may be killed, and it was fetched once."""

    def slow_and_honest(request):
        first, second, body = honest(request)
        yield from (first, second)
        for i in range(0, len(body), 40_000):
            yield body[i : i + 40_000]
            yield 0.01

    processes, generator = multiprocessing.get_context("fork"), random.Random(0)
    server, wrong = serve(slow_and_honest), []
    for case in range(cases(20)):
        folder = tmp_path / f"{case}"
        server.asked.clear()
        started = [
            processes.Process(
                target=_download_at_once, args=(archive(server), folder, generator.random() * 0.1)
            )
            for _ in range(4)
        ]
        for process in started:
            process.start()
        killed = generator.random() < 0.4
        if killed:
            time.sleep(generator.random() * 0.15)
            started[-1].kill()
            started.pop().join()
        for process in started:
            process.join(LONGEST)
            if process.exitcode != 0:
                process.kill()
                wrong.append(f"{case}: exit status {process.exitcode}")
        names = sorted(path.name for path in folder.iterdir())
        if names != [".file.tar.gz.lock", "file.tar.gz"]:
            wrong.append(f"{case}: {names}")
        elif (folder / "file.tar.gz").read_bytes() != CONTENT:
            wrong.append(f"{case}: another file")
        if len(server.asked) > 1 + killed:
            wrong.append(f"{case}: fetched {len(server.asked)} times")
    assert not wrong, f"{len(wrong)} of {cases(20)} rounds: " + "\n".join(wrong[:20])


# Lies, each with a random part.


def _some(generator, *values):
    return generator.choice(values)


def lie(generator):
    """The name of a lie, and what answers a request with it."""
    size, odd = (
        len(CONTENT),
        ("", "many", "-1", "1e9", "0x10", "1,2", " 7 ", "9" * 400, "²", "\x00"),
    )
    byte = generator.randbytes(1)
    part = CONTENT[: generator.randrange(size)]
    wrong = bytearray(CONTENT)
    wrong[generator.randrange(size)] ^= 1
    status = _some(generator, 100, 101, 201, 204, 205, 206, 300, 304, 400, 403, 404, 416, 500, 999)
    place = _some(generator, "bytes 5-9/10", "bytes */5", "bytes -1", "nonsense", "bytes 0-")
    location = _some(
        generator, "", "//", "http://", "http://[", "ftp://a/b", "file:///etc/x", "/file.tar.gz",
        "http://127.0.0.1:99999/", "http://127.0.0.1:1/", "\x1b]0;x\x07", "ä" * 300, "x" * 70_000,
        "javascript:1", "http://.../", "http://a..b/", "http://xn--/", "http://user:p@[::1]:0/",
    )  # fmt: skip
    number = _some(generator, *odd, size + 1, size - 1, 2 * size, 10**15)
    coding = _some(generator, "gzip", "deflate", "br", "zstd", "gzip, gzip", "nonsense")
    chunk = _some(generator, b"zz", b"-5", b"FFFFFFFFFFFFFFFF", b"", b"5;x=y", b"0")
    chunked = head("200 OK", "Transfer-Encoding: chunked")
    length = f"Content-Length: {size}"
    lies = {
        "silence": [generator.random()],
        "closed at once": [],
        "noise": [generator.randbytes(generator.randrange(1, 5000))],
        "odd status line": [b"HTTP/" + generator.randbytes(8) + b"\r\n\r\n", CONTENT],
        "status": [head(f"{status} X", length), CONTENT],
        "length": [head("200 OK", f"Content-Length: {number}"), CONTENT],
        "two lengths": [head("200 OK", length, f"Content-Length: {number}"), CONTENT],
        "cut": [head("200 OK", length), part],
        "cut, no length": [head("200 OK"), part],
        "one bit": [head("200 OK", length), bytes(wrong)],
        "wrong half": [head("200 OK", length), bytes(len(part))],
        "more": [head("200 OK"), CONTENT + bytes(5_000_000)],
        "endless": [head("200 OK")] + [bytes(65536)] * ENDLESS,
        "place": [head("206 Partial", f"Content-Range: {place}"), CONTENT],
        "location": [head("302 Found", f"Location: {location}"), CONTENT],
        "endless location": [head("301 Moved", "Location: /x")] + [bytes(65536)] * ENDLESS,
        "packed": [head("200 OK", f"Content-Encoding: {coding}"), gzip.compress(bytes(9_000_000))],
        "packed noise": [head("200 OK", f"Content-Encoding: {coding}"), generator.randbytes(9999)],
        "chunk": [chunked, chunk + b"\r\n" + part],
        "little chunks": [chunked] + [b"1\r\n" + byte + b"\r\n", 0.02] * 500,
        "trickle": [head("200 OK")] + [byte, 0.05] * 200,
        "trickling headers": [b"HTTP/1.1 200 OK\r\nX: "] + [b"x", 0.05] * 200,
        "many headers": [b"HTTP/1.1 200 OK\r\n"] + [b"X: y\r\n"] * 10_000,
        "long header": [b"HTTP/1.1 200 OK\r\nX: "] + [b"y" * 65536] * ENDLESS,
        "continue": [head("100 Continue")] * 20_000,
    }  # fmt: skip
    name = generator.choice(sorted(lies))
    return name, lambda request: iter(lies[name])


@pytest.mark.slow  # tries lies that no other test names
def test_servers_that_lie(serve, tmp_path):
    """A server that lies and then an honest one: the file arrives. One that lies alone: one line,
    or the file if the lie happened to be true."""
    generator, wrong = random.Random(4), []
    for case in range(cases(25)):
        name, answer = lie(generator)
        liar, right = serve(answer), serve(honest)
        for mirrors in ((liar, right), (liar,)):
            folder = tmp_path / f"{case}-{len(mirrors)}"
            found = []

            def fetch(mirrors=mirrors, folder=folder, found=found):
                try:
                    found.append(download(archive(*mirrors), folder))
                except BaseException as error:
                    found.append(error)

            thread = threading.Thread(target=fetch, daemon=True)
            thread.start()
            thread.join(LONGEST)
            (result,) = found or ["hangs"]
            sizes = [path.stat().st_size for path in folder.iterdir()] if folder.exists() else []
            is_line = isinstance(result, DataError) and str(result).isprintable()
            if isinstance(result, Path):
                if result.read_bytes() != CONTENT:
                    wrong.append(f"{case}, {name}: another file")
            elif len(mirrors) == 2 or not is_line:
                wrong.append(f"{case}, {name}: {result!r}")
            if max(sizes, default=0) > len(CONTENT):
                wrong.append(f"{case}, {name}: {max(sizes)} bytes on disk")
        for server in (liar, right):
            server.shutdown()
    assert not wrong, f"{len(wrong)} of {2 * cases(25)}: " + "\n".join(wrong[:20])

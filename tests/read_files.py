"""Reads changed files one after another and reports the result of each; run as a program.

python -m tests.read_files KIND FOLDER FIRST LAST

It prints a line for each case: its number, a word, and the error. A case that takes more than
`SECONDS` ends the program, and so does one that crashes it: then its line ends after the number.
"""

import faulthandler
import io
import json
import pickle
import shutil
import sys
import tarfile
import warnings
import zlib
from pathlib import Path

import numpy as np

import minires as mr
from minires.data.cache import PictureCache
from minires.data.class_names import read_classes
from minires.data.datasets import cifar10
from minires.data.images import decode
from minires.errors import MiniresError
from minires.models.registry import settings_of
from minires.serialization import safetensors
from minires.serialization.layout import to_torch
from minires.serialization.weights import open_weights
from minires.training import RunConfig, Trainer

from .mutations import ANY_FILE, edited_header, edited_json, made_up_batch, made_up_pickle
from .pickles import old_file, program, storage, table, tensor, write_zip

SECONDS = 10
MEMORY = 2 << 30  # bytes beyond what the program takes
GROWTH = 64 << 20  # bytes that a file of some kB may take

NET = "residual_mlp-4", {"width": 4, "image_size": 8}
CONFIG = RunConfig(iterations=5, batch_size=4, flip=False, crop_padding=0, device="cpu")


class Kind:
    """A format: an original file, how it is changed, how it is read, and the content of an
    unchanged one."""

    name = "file"
    changes = ANY_FILE
    certain = False  # whether a changed file must be noticed, or give what the original gives

    def __init__(self, folder):
        self.folder = folder

    def original(self):
        """The bytes of a whole file."""

    def read(self, path):
        """What is in the file, as something to compare."""


class Weights(Kind):
    changes = (*ANY_FILE, edited_header, edited_header)
    certain = True
    layout = "minires"

    def original(self):
        model = mr.models.build(NET[0], **NET[1])
        about = {"classes": list("abcdefghij"), "transform": {"crop": 8, "resize": 8}}
        built = {"model": NET[0], "net": NET[1]}
        mr.save(model, self.folder / "whole", self.layout, built=built, **about)
        return (self.folder / "whole").read_bytes()

    def read(self, path):
        file = open_weights(path)
        defaults = settings_of(file.built["model"]) if file.built else None
        name, settings = file.resolve_net(None, None, defaults)
        model = mr.models.build(name or NET[0], **(settings if name else NET[1]))
        mr.load(model, file)
        return dict(model.state_dict()), (file.classes, file.transform) if self.certain else None


class PyTorchLayout(Weights):
    certain = False
    layout = "torch"


def torch_state():
    state = to_torch(mr.models.build(NET[0], **NET[1]).state_dict())
    pieces, storages = {}, {}
    for i, (name, array) in enumerate(state.items()):
        steps = [step // array.itemsize for step in np.ascontiguousarray(array).strides]
        pieces[name] = tensor(storage(key=str(i), count=array.size), 0, array.shape, steps)
        storages[str(i)] = array.tobytes(), array.size
    return program(table(**pieces)), storages


class PyTorchZip(Weights):
    changes = ANY_FILE
    certain = True  # zip has a checksum

    def original(self):
        pickled, storages = torch_state()
        contents = {key: content for key, (content, _) in storages.items()}
        return write_zip(self.folder / "whole", pickled, contents).read_bytes()


class PyTorchOld(Weights):
    changes = ANY_FILE
    certain = False

    def original(self):
        return old_file(*torch_state())


class PyTorchTar(Weights):
    """As PyTorch before 0.2 wrote it."""

    changes = ANY_FILE
    certain = False

    def original(self):
        from .serialization.test_public_weights import of_2016

        return of_2016(to_torch(mr.models.build(NET[0], **NET[1]).state_dict()))


class NumPyZip(Weights):
    changes = ANY_FILE
    certain = False

    def original(self):
        np.savez_compressed(
            self.folder / "whole.npz", **mr.models.build(NET[0], **NET[1]).state_dict()
        )
        return (self.folder / "whole.npz").read_bytes()


class Keras(Kind):
    """``.weights.h5`` of Keras 3: small arrays under the names of a ResNet-50."""

    def original(self):
        from .serialization import test_keras

        return test_keras.of_keras_3(test_keras.layers()[0])

    def read(self, path):
        return open_weights(path).arrays


class KerasWhole(Keras):
    """A whole model of Keras 2, in an .h5 file."""

    def original(self):
        from .serialization import test_keras

        return test_keras.of_keras_2(test_keras.layers()[0], "model_weights/")


class KerasZip(Keras):
    def original(self):
        from .serialization import test_keras

        return test_keras.in_a_zip(super().original())


class PyTorchMadeUp(Kind):
    """A pickle of anything at all, in a file of PyTorch."""

    changes = (lambda content, rng: made_up_pickle(rng),)

    def original(self):
        return program(b"}")

    def read(self, path):
        pickled = path.read_bytes()
        storages = {str(i): bytes(8 * i) for i in range(3)}
        write_zip(path, pickled, storages)
        zipped = _arrays_or_error(path)
        path.write_bytes(old_file(pickled, {k: (v, len(v) // 4) for k, v in storages.items()}))
        return zipped, _arrays_or_error(path)


def _arrays_or_error(path):
    try:
        arrays = open_weights(path, "minires").arrays
        return {
            name: (array.shape, float(np.sum(array, dtype=float))) for name, array in arrays.items()
        }
    except MiniresError as error:
        check_line(error, path)
        return str(error)


class Checkpoint(Kind):
    """A run that is to go on."""

    changes = (*ANY_FILE, edited_header, edited_header)
    certain = True

    def trainer(self):
        if not hasattr(self, "sets"):
            train, test = mr.data.synthetic(12, 4)
            self.sets = train.resize(8), test.resize(8)
        net = mr.models.build(NET[0], **NET[1])
        return Trainer(net, *self.sets, CONFIG, progress=False)

    def original(self):
        run = self.trainer()
        run.run()
        run.save(self.folder / "end")
        self.stop_at(4)
        return (self.folder / "whole").read_bytes()

    def stop_at(self, step):
        run = self.trainer()
        run.callbacks.append(Stop(step, self.folder / "whole"))
        try:
            run.run()
        except InterruptedError:
            run.save(self.folder / "whole")

    def read(self, path):
        run = self.trainer()
        run.load(path)
        found = {
            **run.model.state_dict(),
            **dict(enumerate(run.optimizer.velocities)),
        }
        found = {name: array.copy() for name, array in found.items()}
        state = json.dumps([run.iteration, run.history, run.epoch_sums, run.seconds_before])
        run.run()  # what was read must also be usable
        return found, state, str(run.train_loader.state_dict())


class Stop:
    def __init__(self, step, path):
        self.step, self.path = step, path

    def after_step(self, trainer):
        if trainer.iteration == self.step:
            raise InterruptedError


class OldCheckpoint(Checkpoint):
    """A checkpoint without a digest and with an edited state."""

    certain = False

    def original(self):
        super().original()
        arrays, state = safetensors.read(self.folder / "whole")
        safetensors.write(self.folder / "whole", arrays, metadata={"state": json.dumps(state)})
        return (self.folder / "whole").read_bytes()

    @property
    def changes(self):
        def edited(content, rng):
            (self.folder / "x").write_bytes(content)
            arrays, state = safetensors.read(self.folder / "x")
            state = json.dumps(edited_json(state, rng))
            safetensors.write(self.folder / "x", arrays, metadata={"state": state})
            return (self.folder / "x").read_bytes()

        return (edited,)


RECORDS = 3


class CifarBinary(Kind):
    file = "data_batch_2.bin"

    def batch(self, number):
        rng = np.random.default_rng(number)
        return rng.integers(0, 256, (RECORDS, 3072), np.uint8), [1, 2, 3]

    def content(self, number):
        pixels, labels = self.batch(number)
        return np.column_stack([np.array(labels, np.uint8), pixels]).tobytes()

    def suffix(self):
        return ".bin"

    def original(self):
        self.place = self.folder / "cifar"
        self.place.mkdir()
        for number, name in enumerate(cifar10.BATCHES):
            (self.place / f"{name}{self.suffix()}").write_bytes(self.content(number))
        return (self.place / f"data_batch_2{self.suffix()}").read_bytes()

    def read(self, path):
        shutil.copy(path, self.place / f"data_batch_2{self.suffix()}")
        train, test = cifar10.read(self.place, RECORDS)
        return train.images, train.labels, test.images


class CifarPython(CifarBinary):
    def content(self, number):
        pixels, labels = self.batch(number)
        return pickle.dumps({b"data": pixels, b"labels": labels, b"batch_label": b"x"}, 2)

    def suffix(self):
        return ""


class CifarMadeUp(CifarPython):
    changes = (
        lambda content, rng: made_up_pickle(rng),
        *[lambda content, rng: made_up_batch(rng, RECORDS)] * 4,
    )


class CifarArchive(CifarPython):
    def original(self):
        super().original()
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w:gz") as tar:
            tar.add(self.place, "cifar-10-batches-py")
        return stream.getvalue()

    def read(self, path):
        train, test = cifar10.read(path, RECORDS)
        return train.images, train.labels, test.images


class CifarTar(CifarArchive):
    """The archive is changed below its compression, which would notice the change."""

    @property
    def changes(self):
        import gzip

        def inside(change):
            return lambda content, rng: gzip.compress(change(gzip.decompress(content), rng), 1)

        return tuple(map(inside, ANY_FILE))


class Picture(Kind):
    many = 12_000  # pixels a side that a header may claim: 432 MB if they existed
    formats = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "PPM", "JPEG2000", "AVIF")

    def original(self):
        from PIL import Image

        Image.init()
        pixels = np.random.default_rng(0).integers(0, 255, (24, 20, 3), np.uint8)
        self.originals = []
        for name in self.formats:
            if name in Image.SAVE:
                stream = io.BytesIO()
                Image.fromarray(pixels).save(stream, name)
                self.originals.append(stream.getvalue())
        return self.originals[0]

    @property
    def changes(self):
        def of_any(change):
            return lambda content, rng: change(
                self.originals[rng.integers(len(self.originals))], rng
            )

        def claimed(content, rng):
            """A small PNG whose header says that it is a large one."""
            side = int(rng.integers(1, self.many)).to_bytes(4, "big")
            header = b"IHDR" + side + side + self.originals[0][24:29]
            check = zlib.crc32(header).to_bytes(4, "big")
            return self.originals[0][:12] + header + check + self.originals[0][33:]

        return (*map(of_any, ANY_FILE), claimed)

    def read(self, path):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return decode(path)


class ClassNames(Kind):
    def original(self):
        return "cat\ndög\n犬\n".encode() * 20

    def read(self, path):
        return read_classes(path)


class Cache(Kind):
    """Decoded pictures: with a damaged index the cache must be made again."""

    changes = (
        *ANY_FILE,
        *[lambda content, rng: json.dumps(edited_json(json.loads(content), rng)).encode()] * 4,
    )

    def original(self):
        (self.folder / "pixels.bin").write_bytes(bytes(3 * (4 * 5 + 6 * 7)))
        index = {
            "fingerprint": "abc",
            "names": ["a.png", "b.png"],
            "sizes": [[4, 5], [6, 7]],
            "digests": ["0a", "1b"],
            "damaged": {"c.png": "an empty file"},
        }
        return json.dumps(index).encode()

    def read(self, path):
        shutil.copy(path, self.folder / "index.json")
        try:
            cache = PictureCache(self.folder)
        except (
            OSError,
            ValueError,
            KeyError,
            TypeError,
            RecursionError,
        ) as error:  # the errors that `cached` handles
            raise MiniresError(path, f"made anew: {type(error).__name__}") from None
        return [cache[i].shape for i in range(len(cache.names))]


KINDS = {
    kind.__name__: kind
    for kind in (
        Weights,
        PyTorchLayout,
        PyTorchZip,
        PyTorchOld,
        PyTorchTar,
        NumPyZip,
        Keras,
        KerasWhole,
        KerasZip,
        PyTorchMadeUp,
        Checkpoint,
        OldCheckpoint,
        CifarBinary,
        CifarPython,
        CifarMadeUp,
        CifarArchive,
        CifarTar,
        Picture,
        ClassNames,
        Cache,
    )
}


def check_line(error, path):
    line = str(error)
    if "\n" in line or len(line) > 1000:
        raise AssertionError(f"not one short line: {line[:200]!r}")


def outcome(kind, path, whole):
    """A word for the result, and the error if there was one."""
    try:
        found = kind.read(path)
    except MiniresError as error:
        check_line(error, path)
        return "refused", str(error)
    if not kind.certain:
        return "read", ""
    try:
        np.testing.assert_equal(found, whole)
    except AssertionError:
        return "SILENT", "read, but not what was written"
    return "same", ""


def main(name, folder, first, last):
    import resource  # not on Windows

    kind = KINDS[name](Path(folder))
    original = kind.original()
    path = Path(folder) / "case"
    path.write_bytes(original)
    whole = kind.read(path)
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, size + MEMORY))
    for case in range(first, last):
        rng = np.random.default_rng([case, sorted(KINDS).index(name)])
        changed = kind.changes[case % len(kind.changes)](original, rng)
        path.write_bytes(changed)
        print(case, end=" ", flush=True)
        faulthandler.dump_traceback_later(SECONDS, exit=True, file=sys.__stderr__)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            word, said = outcome(kind, path, whole)
        except BaseException as error:
            word, said = "TRACEBACK", f"{type(error).__name__}: {error}"
        grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
        if grown > GROWTH + 20 * len(changed):
            word, said = "MEMORY", f"{grown >> 20} MB for {len(changed)} bytes"
        faulthandler.cancel_dump_traceback_later()
        print(word, said[:300].replace("\n", " "), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:3], *map(int, sys.argv[3:]))

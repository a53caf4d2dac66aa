"""What trials print: divided among them, kept up to a size, and never in the way of training."""

import io

import pytest

from seqbench.execution import output
from seqbench.execution.output import OutputLog, log_path


def marked(trial):
    return f"\n\0seqbench trial {trial}\n".encode()


def copied(folder, *parts):
    said = []
    log = OutputLog(folder, said.append)
    log.copy(io.BytesIO(b"".join(parts)))
    return log, said


def test_what_is_printed_belongs_to_the_trial_that_was_named_last(tmp_path):
    of_a, of_c = b"one\n\n\ntwo", b"\n\nthree\n\xff\n"
    log, said = copied(tmp_path, b"early\n", marked("a"), of_a, marked("b"), marked("c"), of_c)
    assert {path.name: path.read_bytes() for path in (tmp_path / "logs").iterdir()} == {
        "worker.log": b"early\n",
        "a.log": b"one\n\n\ntwo\n",
        "c.log": b"\nthree\n\xff\n",
    }
    assert log.last == "\ufffd"
    assert said == []


def test_another_attempt_replaces_what_the_last_one_printed(tmp_path):
    copied(tmp_path, marked("a"), b"first\n", marked("b"), b"first\n")
    copied(tmp_path, marked("a"), b"second\n", marked("b"))
    assert log_path(tmp_path, "a").read_bytes() == b"second\n"
    assert not log_path(tmp_path, "b").exists()


@pytest.mark.parametrize("line", [b"x" * 100 + b"\n", b"y" * 10_000])
def test_no_more_than_the_limit_is_kept_of_each_trial(tmp_path, monkeypatch, line):
    monkeypatch.setattr(output, "LARGEST", 1000)
    copied(tmp_path, marked("a"), line * 50, marked("b"), line)
    kept, note = log_path(tmp_path, "a").read_bytes()[:1000], log_path(tmp_path, "a").read_bytes()[1000:]
    assert kept == (line * 50)[:1000]
    assert note == b"\n[This log ends here: it has reached its limit of 1,000 bytes.]\n"
    assert log_path(tmp_path, "b").read_bytes()[:1000] == line[:1000]


def test_a_link_in_the_place_of_a_log_is_not_followed(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("keep me")
    log_path(tmp_path, "a").parent.mkdir()
    log_path(tmp_path, "a").symlink_to(elsewhere)
    copied(tmp_path, marked("a"), b"printed\n")
    assert elsewhere.read_text() == "keep me"
    assert log_path(tmp_path, "a").read_text() == "printed\n"
    assert not log_path(tmp_path, "a").is_symlink()


def test_a_link_in_the_place_of_the_folder_is_not_followed(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.log").write_text("keep me")
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "logs").symlink_to(tmp_path / "elsewhere")
    _, said = copied(tmp_path / "results", marked("a"), b"printed\n", marked("b"), b"printed\n")
    assert [path.read_text() for path in (tmp_path / "elsewhere").iterdir()] == ["keep me"]
    assert len(said) == 1


def test_a_log_that_cannot_be_written_is_said_once_and_everything_is_still_read(tmp_path):
    (tmp_path / "logs").write_text("a file in the folder's place")
    stream = io.BytesIO(marked("a") + b"printed\n" * 1000)
    said = []
    OutputLog(tmp_path, said.append).copy(stream)
    [line] = said
    assert line.startswith("What trials print is not kept: ")
    assert stream.read() == b""


def test_without_a_folder_nothing_is_kept_but_the_last_line():
    log, said = copied(None, marked("a"), b"one\n\n  two  \n\n")
    assert (log.last, said) == ("two", [])

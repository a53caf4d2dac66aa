"""Texts: what is cut from what, and the scores of predictors, against enumeration."""

import math
from collections import Counter, defaultdict
from itertools import pairwise, product

import jax
import numpy as np
import pytest

from seqbench.errors import Incompatible
from seqbench.tasks._corpus import read_corpus
from seqbench.tasks._grammar_text import largest_distance
from seqbench.tasks.agreement import PHRASES, VERBS, word_choices
from seqbench.tasks.language_model import bigram_table, language_model, score_bigrams


def test_parts_follow_each_other_and_share_nothing(tmp_path) -> None:
    text = tmp_path / "text"
    text.write_text("a" * 80 + "b" * 10 + "c" * 10)
    corpus = read_corpus(str(text), "characters", 10)
    assert [len(part) for part in (corpus.training, corpus.validation, corpus.test)] == [80, 10, 10]
    # The alphabet comes from the training part alone: b and c are unknown.
    assert corpus.symbols[1:] == ("a",)
    assert set(corpus.training) == {1}
    assert set(corpus.validation) == set(corpus.test) == {0}


def test_words_and_marks(tmp_path) -> None:
    text = tmp_path / "text"
    text.write_text("The cat, the dog. " * 40)
    corpus = read_corpus(str(text), "words", 20)
    assert [corpus.symbols[word] for word in corpus.training[:6]] == ["the", "cat", ",", "the", "dog", "."]


def test_samplers_stay_in_their_part(tmp_path) -> None:
    text = tmp_path / "text"
    text.write_text("ab" * 40 + "cd" * 5 + "ef" * 5)
    corpus = read_corpus(str(text), "characters", 10)
    task = language_model(4, text=str(text), units="characters")
    assert (task.validation or task.sample) is not task.sample
    for sampler, part in (
        (task.sample, corpus.training),
        (task.validation, corpus.validation),
        (task.test, corpus.test),
    ):
        windows = np.asarray(sampler(jax.random.key(0), 64).inputs)
        assert {tuple(window) for window in windows} <= {tuple(part[i : i + 5]) for i in range(len(part) - 4)}


def test_bundled_text_repeats_no_paragraph() -> None:
    corpus = read_corpus("english", "words", 5000)
    grams = [{tuple(part[i : i + 40]) for i in range(len(part) - 40)} for part in (corpus.training, corpus.test)]
    assert not grams[0] & grams[1]
    assert len(corpus.training) > 30_000


def test_bigram_scores_are_means_over_all_windows() -> None:
    part = np.array([0, 1, 0, 1, 1, 0, 0])
    table = bigram_table(np.array([0, 1, 0, 1, 0, 0, 1]), 2)
    length = 3
    windows = [part[start : start + length + 1] for start in range(len(part) - length)]
    pairs = [pair for window in windows for pair in pairwise(window)]
    accuracy, loss = score_bigrams(table, part, length)
    assert accuracy == pytest.approx(np.mean([table[a].argmax() == b for a, b in pairs]))
    assert loss == pytest.approx(-np.mean([math.log(table[a, b]) for a, b in pairs]))


def test_spelled_grammar_states_the_loss_of_knowing_all_but_the_subject() -> None:
    """All sentences of the shortest grammar with both verbs: the entropy of each letter given its past."""
    length = largest_distance(7)
    task = language_model(length, units="characters")
    choices = (*word_choices(7), VERBS)
    texts = Counter()
    for phrase in PHRASES:
        for words in product(*choices):
            texts["".join(f"{word} " for word in (*phrase, *words))] += 1
    nexts: dict[str, Counter] = defaultdict(Counter)
    for text, count in texts.items():
        for place in range(1, len(text)):
            nexts[text[:place]][text[place]] += count
    surprise = -sum(
        count * math.log(count / sum(options.values())) for options in nexts.values() for count in options.values()
    )
    targets = sum(count * (len(text) - 1) for text, count in texts.items())
    assert task.trivial_loss == pytest.approx(surprise / targets)


def test_says_what_is_wrong_with_a_text(tmp_path) -> None:
    with pytest.raises(Incompatible, match='"agreement" or "english"'):
        language_model(10, text=str(tmp_path / "absent"))
    (tmp_path / "binary").write_bytes(b"ab\xff")
    with pytest.raises(Incompatible, match="not \\(byte 2\\)"):
        language_model(10, text=str(tmp_path / "binary"))
    (tmp_path / "short").write_text("one two three")
    with pytest.raises(Incompatible, match="too short for length 10"):
        language_model(10, text=str(tmp_path / "short"))
    with pytest.raises(Incompatible, match="characters or words"):
        language_model(10, units="syllables")

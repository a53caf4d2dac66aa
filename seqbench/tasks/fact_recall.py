"""Complete a sentence about someone's mother tongue from where they were born, many sentences earlier.

A text says where a person was born. Sentences about the travels of other people to other countries follow, and then the
person's mother tongue is asked for. Every country of the world below may be visited, so neither the last country nor
any other one that is named gives the answer away.

A worked example with length 13:

    they say that Clara was born in Paris , France . today Tom moved to Spain in May .
    Clara's mother tongue is   ->  French

`length` is the number of steps from the country of birth to "is", from 5 upwards without limit; the birthplace itself
stands two steps further back. Half of the texts begin with "they say that", so the sequences of a batch differ in
length and are padded. Countries are drawn evenly and independently: chance, the trivial score and naming the language
of the last country mentioned are all right in 1 / countries of the texts.

Source: our own grammar, after the example of Jurafsky & Martin 2024, "Speech and language processing", and of lectures
on language models, in which a country named early decides a language asked for late.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int, Key

from seqbench.errors import Incompatible
from seqbench.setting_types import AtLeastTwo, PositiveInt
from seqbench.tasks._sentences import Words, draw_words, open_with
from seqbench.tasks.base import Batch, Task, certain, one_of, single_target

FACTS = (
    *(("Paris", "France", "French"), ("Berlin", "Germany", "German"), ("Madrid", "Spain", "Spanish")),
    *(("Rome", "Italy", "Italian"), ("Lisbon", "Portugal", "Portuguese"), ("Warsaw", "Poland", "Polish")),
    *(("Stockholm", "Sweden", "Swedish"), ("Oslo", "Norway", "Norwegian"), ("Copenhagen", "Denmark", "Danish")),
    *(("Helsinki", "Finland", "Finnish"), ("Athens", "Greece", "Greek"), ("Budapest", "Hungary", "Hungarian")),
    *(("Bucharest", "Romania", "Romanian"), ("Sofia", "Bulgaria", "Bulgarian"), ("Tokyo", "Japan", "Japanese")),
    *(("Beijing", "China", "Chinese"), ("Seoul", "Korea", "Korean"), ("Hanoi", "Vietnam", "Vietnamese")),
    *(("Bangkok", "Thailand", "Thai"), ("Ankara", "Turkey", "Turkish"), ("Reykjavik", "Iceland", "Icelandic")),
    *(("Tallinn", "Estonia", "Estonian"), ("Riga", "Latvia", "Latvian"), ("Vilnius", "Lithuania", "Lithuanian")),
    *(("Zagreb", "Croatia", "Croatian"), ("Ljubljana", "Slovenia", "Slovene"), ("Tirana", "Albania", "Albanian")),
    *(("Tbilisi", "Georgia", "Georgian"), ("Yerevan", "Armenia", "Armenian"), ("Tehran", "Iran", "Persian")),
    *(("Kathmandu", "Nepal", "Nepali"), ("Dhaka", "Bangladesh", "Bengali")),
)
NAMES = ("Clara", "Tom", "Nora", "Paul", "Ida", "Max", "Ruth", "Karl")
OPENERS = (
    "",
    "today",
    "today ,",
    "even now ,",
    "to this day ,",
    "after all these years ,",
    "after all these long years ,",
)
TRAVELS = ("travelled", "moved", "sailed", "walked"), ("May", "June", "August", "winter")
TRAVEL_STEPS = 7
QUESTION = ("mother", "tongue", "is")
SHORTEST = 2 + len(QUESTION)
BIRTH = ("was", "born", "in")
SAYING = ("they", "say", "that")
PADDING = "_"
SMALL_WORDS = tuple(
    dict.fromkeys((PADDING, ".", ",", "to", *BIRTH, *SAYING, *QUESTION, *" ".join(OPENERS).replace(",", "").split()))
)
OWNERS = tuple(f"{name}'s" for name in NAMES)
"""Ordered as NAMES, so that a name and its owner form stand a fixed number of symbols apart."""


def fact_recall(length: PositiveInt = 20, countries: AtLeastTwo = 16) -> Task:
    """Name one of `countries` languages `length` steps (at least 5) after the country was mentioned."""
    if length < SHORTEST or not 2 <= countries <= len(FACTS):
        raise Incompatible(
            f"fact_recall needs length >= {SHORTEST} ('. Clara's mother tongue is' has {SHORTEST} steps) and 2 to "
            f"{len(FACTS)} countries, not length {length} and {countries} countries."
        )
    words = vocabulary(countries)

    def sample(key: Key[Array, ""], batch_size: int) -> Batch:
        inputs, mask = draw_texts(key, batch_size, length, countries)
        return single_target(inputs, birth_country(inputs, countries), length, mask)

    return Task(
        **one_of(countries),
        sample=sample,
        oracle=lambda batch: certain(birth_country(batch.inputs, countries), countries),
        inputs=len(words),
        length=length,
        steps=len(SAYING) + len(word_choices(length, countries)),
        variable_length=True,
        symbols=words,
    )


def draw_texts(
    key: Key[Array, ""], batch_size: int, length: int, countries: int
) -> tuple[Int[Array, "B T"], Bool[Array, "B T"]]:
    """Texts up to "is", and where they have words."""
    words = vocabulary(countries)
    opening_key, words_key = jax.random.split(key)
    body = draw_words(words_key, batch_size, word_choices(length, countries), words)
    # The city belongs to the country, and the question names the person of the first sentence.
    city, country, asked = len(BIRTH) + 1, len(BIRTH) + 3, -1 - len(QUESTION)
    body = body.at[:, city].set(body[:, country] - countries).at[:, asked].set(body[:, 0] + len(NAMES))
    return open_with(opening_key, ((), SAYING), body, words)


def birth_country(inputs: Int[Array, "B T"], countries: int) -> Int[Array, "B 1"]:
    """Which of the countries is named first."""
    country = inputs - vocabulary(countries).index(FACTS[0][1])
    first = jnp.argmax((country >= 0) & (country < countries), axis=1, keepdims=True)
    return jnp.take_along_axis(country, first, axis=1)


def vocabulary(countries: int) -> Words:
    """All words; those of one kind stand side by side, each city `countries` symbols before its country."""
    cities, lands = tuple(fact[0] for fact in FACTS[:countries]), tuple(fact[1] for fact in FACTS[:countries])
    return (*SMALL_WORDS, *NAMES, *OWNERS, *TRAVELS[0], *TRAVELS[1], *cities, *lands)


def word_choices(length: int, countries: int) -> tuple[Words, ...]:
    """The words possible at each step from the person's name to "is"."""
    cities, lands = tuple(fact[0] for fact in FACTS[:countries]), tuple(fact[1] for fact in FACTS[:countries])
    travels, opener = divmod(length - SHORTEST, TRAVEL_STEPS)
    birth = (NAMES, *[(word,) for word in BIRTH], cities, (",",), lands, (".",))
    between = tuple((word,) for word in OPENERS[opener].split())
    travel = (NAMES, TRAVELS[0], ("to",), lands, ("in",), TRAVELS[1], (".",))
    return (*birth, *between, *travel * travels, OWNERS, *[(word,) for word in QUESTION])

"""Every citation of a component leads to its work, and every work is written once and well."""

from __future__ import annotations

import re

import pytest

from seqbench.components import catalogue
from seqbench.components.member_files import source_of
from seqbench.grid.document import document_of
from seqbench.grid.named import used_components
from seqbench.references import bibliography, bibtex, cited, plain, reference

COMPONENTS = [(family, name) for family in catalogue.RETURNS for name in catalogue.names(family)]


@pytest.mark.parametrize(("family", "name"), COMPONENTS)
def test_every_component_cites_works_with_titles(family: str, name: str) -> None:
    """A work that only its citation describes is given there with its title; what is no paper has a link."""
    source = source_of(family, name)
    found = cited(source)
    assert found or "https://" in source
    assert [work.key for work in found if work.fields["title"] == "Untitled"] == []
    named = set(re.findall(r"arXiv:(\d{4}\.\d{4,5})", source))
    assert named <= {work.fields.get("eprint") for work in found}, "a number of arXiv is that of a work cited beside it"


def test_what_is_read_from_a_file_is_what_the_catalogue_says() -> None:
    assert {row["name"]: row["source"] for row in catalogue.describe("mitigations")} == {
        name: source_of("mitigations", name) for name in catalogue.names("mitigations")
    }


def test_every_entry_has_what_its_kind_needs_and_a_key_of_its_author_and_year() -> None:
    needed = {"article": "journal", "inproceedings": "booktitle", "incollection": "booktitle", "book": "publisher",
              "phdthesis": "school"}  # fmt: skip
    for key, work in bibliography().items():
        assert {"author", "title", "year"} <= set(work.fields), key
        assert needed.get(work.kind, "title") in work.fields, key
        if work.kind == "misc":
            assert {"eprint", "howpublished"} & set(work.fields), key
        family = re.sub(r"[^a-z]", "", work.families[0].lower())
        assert key.startswith(f"{family[:4]}") or "\u00e9" in work.families[0], key
        assert work.fields["year"] in key
        for value in work.fields.values():
            assert value.count("{") == value.count("}"), key
            assert "\\" not in plain(value), key
    eprints = [work.fields["eprint"] for work in bibliography().values() if "eprint" in work.fields]
    assert len(eprints) == len(set(eprints))


def test_works_of_one_year_are_told_apart_by_what_follows() -> None:
    [deep] = cited("He, Zhang, Ren & Sun 2016, arXiv:1512.03385, along time")
    [identity] = cited("as in He, Zhang, Ren & Sun 2016, Identity mappings in deep residual networks")
    assert (deep.key, identity.key) == ("he2016deep", "he2016identity")
    several = cited(
        'Zhang et al. 2016, "Highway long short-term memory RNNs for distant speech recognition"; Elman 1990'
    )
    assert [work.key for work in several] == ["zhang2016highway", "elman1990finding"]


def test_an_unknown_work_is_read_from_its_citation() -> None:
    [work] = cited('my own, after Doe, Le Roux & Poe 2031, "A cell that sings", arXiv:3101.00001 (equation 2)')
    assert work.key == "doe2031a"
    assert work.fields == {"author": "Doe and Le Roux and Poe", "title": "A cell that sings", "year": "2031",
                           "eprint": "3101.00001"}  # fmt: skip
    assert work.label == "Doe et al., 2031"
    assert cited("no citation at all, 12 of 13") == ()


def test_a_work_as_text_and_as_bibtex() -> None:
    jing = reference("jing2019gated")
    assert jing.text == (
        "Jing, Gulcehre, Peurifoy, Shen, Tegmark, Soljačić & Bengio (2019). Gated Orthogonal Recurrent Units: On "
        "Learning to Forget. Neural Computation 31(4), 765–783. arXiv:1706.02761"
    )
    text = bibtex([jing, reference("elman1990finding"), jing])
    assert text.count("@") == 2
    assert text.index("elman1990finding") < text.index("jing2019gated")
    assert "  archiveprefix = {arXiv}\n}" in text
    alone = reference("le2015simple").bibtex
    assert "  howpublished = {arXiv:1504.00941}\n}" in alone
    assert "eprint" not in alone


def test_a_grid_uses_what_it_names_and_defaults_where_it_names_nothing() -> None:
    text = "tasks: [adding]\nmethods:\n- {name: a, cell: gru}\n- {name: b, mitigations: [residual]}\nprobes: [jacobian]"
    assert set(used_components(document_of(text, file="g.yaml").data)) == {
        ("tasks", "adding"), ("cells", "gru"), ("cells", "vanilla"), ("models", "stacked"), ("mitigations", "residual"),
        ("optimizers", "adam"), ("schedules", "constant"), ("probes", "jacobian"),
    }  # fmt: skip
    every = "tasks: [adding]\nmethods:\n- {name: a, cell: gru, model: stacked}\nprobes: none"
    assert ("cells", "vanilla") not in used_components(document_of(every, file="g.yaml").data)

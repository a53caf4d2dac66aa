"""The protocol in words, for the methods section of a paper, and the works that it rests on."""

from __future__ import annotations

import pandas as pd

from seqbench.references import bibtex
from seqbench.report.evidence import Evidence
from seqbench.report.methods_text import methods_text, works
from seqbench.report.section import Part, Section
from seqbench.report.table import Table, word


def methods(evidence: Evidence) -> Section:
    """Paragraphs with citations, the list of references, and their BibTeX."""
    paragraphs = methods_text(evidence)
    found = works(paragraphs, evidence)
    rows = pd.DataFrame({"key": list(found), "work": [work.text for work in found.values()]})
    references = Table("references", "References", (word("key", "BibTeX key"), word("work")), rows, folded=True)
    parts = [Part(title=paragraph.title, text=paragraph.cited.words) for paragraph in paragraphs]
    parts += [Part(tables=(references,), code_title="BibTeX", code=bibtex(found.values()), language="bibtex")]
    lead = "The protocol as a paper states it, written from the plan and the results; it may be used as it is."
    return Section("methods", "Methods in words", lead, tuple(parts))

"""How it is shown: tables, figures, document."""

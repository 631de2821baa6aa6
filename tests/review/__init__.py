"""Marks that humans give: as arithmetic, on the pages, in a browser, and beside a batch."""

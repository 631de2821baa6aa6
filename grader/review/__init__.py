"""Marks that humans give, on a page of this machine: `grader review`.

`desk.py` reads a gradebook as a marker needs it and writes what they give; `app.py` serves it, over `guard.py`, which
says who may ask; `blind.py` strikes out whose a submission is.
"""

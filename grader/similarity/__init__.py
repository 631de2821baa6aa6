"""Which submissions of a class are alike, and what shows it: hints for a human, no points and no verdict.

Everything here is a pure function of text and records; it runs in a process of our own behind the walls
(`sandbox/similar.py`), because the text is a stranger's. No student code is run, and none is parsed by Python.

    text ──tokens──▶ logical lines ──canonical──▶ one stream of tokens ──winnowing──▶ fingerprints ──▶ shares
    explanation ──wording──▶ runs of words            layers ──▶ who else has them
    shares ──judging──▶ which pairs a human looks at ──grouping──▶ clusters, each pair with its evidence
"""

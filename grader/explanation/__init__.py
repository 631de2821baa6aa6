"""What a student wrote to explain the network: found, made inert, its words counted.

Everything here reads hostile bytes and runs inside a sandboxed child. Nothing is judged: a human gives the points.

    Source ──cells──▶ Passage… (Markdown cells, comments), SourceText… (the code)
    bytes ──documents──▶ text ──bounds──▶ Passage…
"""

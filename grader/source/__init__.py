"""From the bytes of a submission to the statements that build its model.

Everything here reads hostile text and runs inside the sandboxed child, before any student statement. It never
executes anything, imports no torch, and turns text that breaks a parser into a reported `Problem`.

    files ──reading/──▶ Source ──statements──▶ Statement… ──slicing──▶ what one name needs
                                                └──entry──▶ Plan… (which object is the model, best first)
                                                             └──guessing/──▶ arguments that nobody gives
"""

"""Where jobs run: the machine at hand, and later others behind the same seam."""

"""The plugin of pytest, run by pytest's own `pytester`."""

"""Advice from records written by hand: no torch, no capture."""

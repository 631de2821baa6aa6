"""Results as files that open from a disk: a page of the class, and two of each student (yours and their own)."""

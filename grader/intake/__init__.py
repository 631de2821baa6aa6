"""Who is who: what lies in a folder or an LMS download, whose it is, and where its bytes are."""

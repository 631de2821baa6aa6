"""What people read: the terminal, pages, exports; everything from records, nothing from student code."""

"""What people read: the terminal, the exports."""

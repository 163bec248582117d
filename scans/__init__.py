"""What the service knows: its words and rules, tables, queue, image store and settings."""

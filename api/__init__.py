"""Flask: HTTP in, JSON and pages out. Knows rows and task names, never the detector."""

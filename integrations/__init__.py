"""The languages of other systems: what they send, read; what they want to hear, written.

Each module here knows one system and the standard library. Receivers live in `api/routes/`, errands
in `worker/`. What runs inside another system (the classifier of threatexchange) stands here too;
npm packages and typed clients stand beside this package's modules, not among them.
"""

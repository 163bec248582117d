"""What lives in other systems: npm packages and clients stand beside this package, not in it."""

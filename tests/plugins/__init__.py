"""Contract tests of what lives in other systems: npm packages, clients, Ozone's real backend."""

"""The detector as a plain library: network, losses, training, evaluation, predictor."""

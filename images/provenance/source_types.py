"""Words of IPTC's digital source types that say that a trained model had a hand in the picture.

NewsCodes, `cv.iptc.org/newscodes/digitalsourcetype`.
"""

COMPOSITE_WITH_AI = "compositeWithTrainedAlgorithmicMedia"
AI_SOURCE_TYPES = frozenset({"trainedAlgorithmicMedia", COMPOSITE_WITH_AI, "compositeSynthetic"})

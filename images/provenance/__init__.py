"""What a file says about itself: signed (C2PA), declared (IPTC), or merely mentioned (EXIF).

Every reader is a function of the bytes alone: no network, no files, no state. None raises over
what strangers wrote; what cannot be read is itself a finding.
"""

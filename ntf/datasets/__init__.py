"""From folders and tar shards of images to a manifest, and from its rows to bytes."""

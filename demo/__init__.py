"""`make demo`: the main job, driven over HTTP against the running server, told as it goes."""

"""Opening hours and the away message: the automatic answer to texts that arrive outside them."""

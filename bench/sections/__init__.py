"""One module a section: `fill(peer)` makes its data over the API, `CASES` says what is measured, `also(product, plain)` what takes more than a request."""

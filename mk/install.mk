# Installing by hand; `pip install .` does the same for a virtual environment.

DESTDIR    ?=
bindir     := $(PREFIX)/bin
docdir     := $(PREFIX)/share/doc/cprof
mandir     := $(PREFIX)/share/man/man1
# Python's own scheme, moved to PREFIX: lib/python3.11/site-packages, or Debian's
# dist-packages.
pydir = $(shell $(PYTHON) ci/python-dir $(PREFIX))

man_pages   := $(wildcard doc/*.1)
completions := $(wildcard completions/*)

install: all
	@true
uninstall:
	@true

.PHONY: install uninstall

# Installing by hand. `pip install .` does the same for a virtual environment.

DESTDIR ?=
INSTALL ?= install

bindir = $(DESTDIR)$(PREFIX)/bin
docdir = $(DESTDIR)$(PREFIX)/share/doc/cprof
# Where this Python looks below PREFIX (Debian's has names of its own); where it
# does not look there at all, the usual place.
pydir = $(DESTDIR)$(shell $(PYTHON) -c 'import site, sys, sysconfig; p = sys.argv[1]; \
          usual = sysconfig.get_path("platlib", "posix_prefix", {"base": p, "platbase": p}); \
          print(next((d for d in site.getsitepackages() if d.startswith(p + "/lib")), usual))' $(PREFIX))

install: all
	$(INSTALL) -d '$(bindir)' '$(docdir)' '$(pydir)/cprof'
	$(INSTALL) -m 755 $(cprof) '$(bindir)/cprof'
	$(INSTALL) -m 644 LICENSE $(wildcard README.md) '$(docdir)'
	$(INSTALL) -m 644 $(py_files) '$(pydir)/cprof'
	$(INSTALL) -m 755 $(ext) '$(pydir)/cprof'

# Only what install put there, and its folders when nothing else is in them.
uninstall:
	rm -f '$(bindir)/cprof' '$(docdir)/LICENSE' '$(docdir)/README.md'
	rm -f $(patsubst %,'$(pydir)/cprof/%',$(notdir $(py_files) $(ext)))
	rm -rf '$(pydir)/cprof/__pycache__'
	rmdir '$(docdir)' '$(pydir)/cprof' 2>/dev/null || true

.PHONY: install uninstall

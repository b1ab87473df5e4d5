# Installing by hand. `pip install .` does the same for a virtual environment, but
# for manual pages and completion.

DESTDIR ?=
INSTALL ?= install

bindir  = $(DESTDIR)$(PREFIX)/bin
plugindir = $(DESTDIR)$(PREFIX)/lib/cprof
docdir  = $(DESTDIR)$(PREFIX)/share/doc/cprof
mandir  = $(DESTDIR)$(PREFIX)/share/man/man1
bashdir = $(DESTDIR)$(PREFIX)/share/bash-completion/completions
zshdir  = $(DESTDIR)$(PREFIX)/share/zsh/site-functions
fishdir = $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
# Where this Python looks below PREFIX (Debian's has names of its own); where it
# does not look there at all, the usual place.
pydir = $(DESTDIR)$(shell '$(PYTHON)' -c 'import site, sys, sysconfig; p = sys.argv[1]; \
          usual = sysconfig.get_path("platlib", "posix_prefix", {"base": p, "platbase": p}); \
          print(next((d for d in site.getsitepackages() if d.startswith(p + "/lib")), usual))' $(PREFIX))

commands := $(patsubst tools/cmd_%.c,%,$(wildcard tools/cmd_*.c))

install: all
	$(INSTALL) -d '$(bindir)' '$(plugindir)' '$(docdir)/schema' '$(mandir)' '$(bashdir)' '$(zshdir)' '$(fishdir)' '$(pydir)/cprof'
	$(INSTALL) -m 755 $(cprof) '$(bindir)/cprof'
	$(INSTALL) -m 755 $(loader) $(plugins) '$(plugindir)'
	$(INSTALL) -m 644 LICENSE README.md '$(docdir)'
	$(INSTALL) -m 644 tools/schema/*.json '$(docdir)/schema'
	$(INSTALL) -m 644 $(py_files) '$(pydir)/cprof'
	$(INSTALL) -m 644 $(py_plugin) '$(pydir)'
	$(INSTALL) -m 755 $(ext) '$(pydir)/cprof'
	@# The command knows its own manual and its options.
	$(cprof) help --man >'$(mandir)/cprof.1'
	for c in $(commands); do $(cprof) help --man $$c >"$(mandir)/cprof-$$c.1" || exit 1; done
	$(cprof) completion bash >'$(bashdir)/cprof'
	$(cprof) completion zsh >'$(zshdir)/_cprof'
	$(cprof) completion fish >'$(fishdir)/cprof.fish'

# Only what install put there, and its folders when nothing else is in them.
uninstall:
	rm -f '$(bindir)/cprof' '$(docdir)/LICENSE' '$(docdir)/README.md'
	rm -f $(patsubst tools/schema/%,'$(docdir)/schema/%',$(wildcard tools/schema/*.json))
	rm -f $(patsubst %,'$(plugindir)/%',$(notdir $(loader) $(plugins)))
	rm -f '$(mandir)/cprof.1' $(commands:%='$(mandir)/cprof-%.1')
	rm -f '$(bashdir)/cprof' '$(zshdir)/_cprof' '$(fishdir)/cprof.fish'
	rm -f $(patsubst %,'$(pydir)/cprof/%',$(notdir $(py_files) $(ext)))
	rm -rf '$(pydir)/cprof/__pycache__'
	rm -f '$(pydir)/pytest_cprof.py' '$(pydir)/__pycache__'/pytest_cprof.*
	rmdir '$(plugindir)' '$(docdir)/schema' '$(docdir)' '$(pydir)/cprof' 2>/dev/null || true

.PHONY: install uninstall

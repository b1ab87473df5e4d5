# cprof -- the front door. `make help` lists what can be asked for.
#
# Everything that is built lands in $(BUILD)/<config>/, where <config> follows
# from SAN, COVERAGE and CC, and the extension below that in a folder per
# Python: builds of several kinds live side by side and never mix.

# While a folder is still empty there is nothing to link from it.
all: lib $(if $(wildcard tools/main.c),cprof) $(if $(wildcard middleware/ext/*.c),ext)

include mk/config.mk
include mk/build.mk
include mk/ext.mk
include mk/check.mk
include mk/install.mk

help:
	@sed -n 's/^#: \{0,1\}//p' mk/help.txt

clean:
	rm -rf $(BUILD)

FORCE:

.PHONY: all help clean FORCE
.DELETE_ON_ERROR:
.SUFFIXES:

# cprof -- the front door. `make help` lists what can be asked for.
#
# Everything that is built lands in $(BUILD)/<config>/, where <config> follows
# from SAN, COVERAGE and CC, and the extension below that in a folder per
# Python: builds of several kinds live side by side and never mix.

all: cprof ext

include mk/config.mk
include mk/build.mk
include mk/ext.mk
include mk/check.mk
include mk/bench.mk
include mk/install.mk

# What a goal needs that is not here is said before a compiler says it worse.
needs_all := core native ext
needs_lib := core native
needs_cprof := core native
needs_ext := core ext
needs_unit := core native unit
needs_fuzz-replay := core native
needs_fuzz := core native fuzz
needs_floor := core ext
needs_lint := core ext test
needs_install := core native ext
needs := $(sort $(foreach goal,$(or $(MAKECMDGOALS),all),$(needs_$(goal))))
ifneq ($(if $(needs),$(shell CC='$(firstword $(CC))' CXX='$(firstword $(CXX))' TOML='$(TOML)' PYTHON='$(PYTHON)' ci/setup --check $(needs) >&2 || echo no)),)
$(error something is missing)
endif

help:
	@cat mk/help.txt

clean:
	rm -rf $(BUILD)

FORCE:

.PHONY: all help clean FORCE
.DELETE_ON_ERROR:
.SUFFIXES:

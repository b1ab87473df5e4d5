# The extension cprof._cprof for one CPython, PYTHON=python3.x, beside a copy of
# the Python package: $(PYTHONPATH_DIR) on PYTHONPATH is a working `import cprof`.
# A web process loads neither cairo nor libgit2 nor graphviz, hence its own list
# of objects.

ext_modules := base profile format snapshot
ext_lib_objects := $(patsubst %.c,$(OUT)/%.o,$(wildcard $(ext_modules:%=lib/%/*.c)))

py_info := $(shell '$(PYTHON)' -c 'import platform, sys, sysconfig as s; v = s.get_config_var; \
             print(platform.python_version() + getattr(sys, "abiflags", ""), v("EXT_SUFFIX"), \
             s.get_paths()["include"], s.get_paths()["platinclude"])' 2>/dev/null)
py_version := $(or $(word 1,$(py_info)),none)
py_suffix  := $(word 2,$(py_info))

PYTHONPATH_DIR := $(OUT)/python-$(py_version)

ext_sources := $(wildcard middleware/ext/*.c)
ext_objects := $(ext_sources:middleware/ext/%.c=$(PYTHONPATH_DIR)/ext/%.o)
ext         := $(PYTHONPATH_DIR)/cprof/_cprof$(py_suffix)
py_files    := $(patsubst middleware/%,$(PYTHONPATH_DIR)/%, \
                 $(shell find middleware/cprof -name '*.py' -o -name '*.pyi' -o -name py.typed))
# Beside the package: pytest imports it in every session.
py_plugin   := $(PYTHONPATH_DIR)/pytest_cprof.py

# Greenlets move whole pieces of the C stack, red zones included: of the frames
# that can be in one, AddressSanitizer must leave the stack alone.
ifneq ($(findstring address,$(SAN)),)
ext_san := $(if $(findstring clang,$(CC)),-mllvm -asan-stack=0,--param asan-stack=0)
endif
# What tests need inside of it is there with sanitizers, and nowhere else.
ext_tests := $(if $(SAN),-DCPROF_TESTS)
$(PYTHONPATH_DIR)/ext/%.o: pkg_cflags = -Imiddleware/ext $(ext_san) $(ext_tests) \
                             $(patsubst %,-isystem %,$(sort $(wordlist 3,9,$(py_info))))
$(PYTHONPATH_DIR)/ext/%.o: middleware/ext/%.c $(flags_file)
	$(call say,CC,$< ($(py_version)))
	@mkdir -p $(@D)
	$(Q)$(COMPILE)

ifeq ($(OS),Darwin)
ext_shared := -bundle -undefined dynamic_lookup
else
ext_shared := -shared
endif

$(ext): $(ext_objects) $(ext_lib_objects)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(LINK) $(ext_shared) -o $@ $^ $(zlib_libs) -lm $(LDLIBS)

$(PYTHONPATH_DIR)/cprof/%: middleware/cprof/%
	@mkdir -p $(@D)
	@cp $< $@

$(py_plugin): middleware/pytest_cprof.py
	@mkdir -p $(@D)
	@cp $< $@

ext: $(ext) $(py_files) $(py_plugin)

# For scripts: what to put on PYTHONPATH.
print-pythonpath:
	@echo $(abspath $(PYTHONPATH_DIR))

.PHONY: ext print-pythonpath

-include $(ext_objects:.o=.d)

# What the measurements need beside the extension: hooks that do nothing.

floor := $(PYTHONPATH_DIR)/_floor$(py_suffix)

$(floor): bench/floor.c $(flags_file)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(LINK) $(ext_shared) $(own_cppflags) $(CPPFLAGS) $(own_cflags) \
		$(patsubst %,-isystem %,$(sort $(wordlist 3,9,$(py_info)))) -o $@ $<

# What runs a command and says what it took.
spend := $(OUT)/bench/spend

$(spend): bench/spend.c $(flags_file)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(LINK) $(own_cppflags) $(CPPFLAGS) $(own_cflags) -o $@ $<

floor: ext $(floor) $(spend)

bench:
	@BUILD='$(BUILD)' PYTHON='$(PYTHON)' MAKE='$(MAKE)' bench/run

SOAK ?= 1000000
soak:
	@BUILD='$(BUILD)' PYTHON='$(PYTHON)' MAKE='$(MAKE)' bench/run soak $(SOAK)

# Whether a gate can be trusted: hours, on any machine.
trials:
	@BUILD='$(BUILD)' PYTHON='$(PYTHON)' MAKE='$(MAKE)' bench/run trials commits 20
	@BUILD='$(BUILD)' PYTHON='$(PYTHON)' MAKE='$(MAKE)' bench/run trials same 50

.PHONY: floor bench soak trials

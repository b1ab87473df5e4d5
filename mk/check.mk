# Tests, lint, fuzzing, the demo.

# --- C unit tests: each tests/unit/<module>/test_*.c is a program of its own.
unit_sources  := $(wildcard tests/unit/*/test_*.c)
unit_programs := $(unit_sources:%.c=$(OUT)/%)
unit_runs     := $(unit_programs:%=run-%)
check_cflags  := $(call pkg,--cflags,check)
check_libs    := $(call pkg,--libs,check)
# Pictures are read back by another library than wrote them.
$(OUT)/tests/unit/draw/%: test_libs = $(call pkg,--libs,libpng)

$(OUT)/tests/%.o: pkg_cflags = -Itests/unit $(check_cflags) $(zlib_cflags)
$(OUT)/tests/unit/draw/%.o: pkg_cflags = -Itests/unit $(check_cflags) $(page_cflags) $(call pkg,--cflags,libpng)
$(OUT)/tests/unit/git/%.o: pkg_cflags = -Itests/unit $(check_cflags) $(git2_cflags)
$(OUT)/tests/%.o: tests/%.c $(flags_file)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(COMPILE)

$(unit_programs): $(OUT)/tests/unit/%: $(OUT)/tests/unit/%.o $(libcprof)
	$(call say,LINK,$@)
	$(Q)$(LINK) -o $@ $^ $(check_libs) $(lib_libs) $(test_libs) $(LDLIBS)

# A test that passes is one line; one that fails shows all it said.
$(unit_runs): run-%: % FORCE
	@if $< >$<.log 2>&1; then \
		printf 'TEST  %s: %s\n' '$(<:$(OUT)/tests/%=%)' "$$(grep -a '^[0-9]*%:' $<.log | tail -n 1)"; \
	else \
		echo "FAIL  $<"; cat $<.log; exit 1; \
	fi

unit: $(unit_runs)

# The same under valgrind, in one process each; but for what goes by the command lines
# of processes (who leads a run): under valgrind they are valgrind's.
# MEMCHECK_SKIP='draw/% graph/%' leaves out more.
MEMCHECK_SKIP ?=
MEMCHECK_NEVER := snapshot/test_leader snapshot/test_run
MEMCHECK := valgrind -q --fair-sched=yes --leak-check=full --show-leak-kinds=definite \
            --errors-for-leak-kinds=definite --error-exitcode=9 \
            --suppressions=tests/unit/memcheck.supp
memcheck_skip := $(MEMCHECK_SKIP:%=memcheck-$(OUT)/tests/unit/%)
memcheck_never := $(MEMCHECK_NEVER:%=memcheck-$(OUT)/tests/unit/%)
unit_memchecks := $(filter-out $(memcheck_never) $(memcheck_skip),$(unit_programs:%=memcheck-%))
$(unit_memchecks): memcheck-%: % FORCE
	@if CK_FORK=no $(MEMCHECK) $< >$<.memcheck 2>&1; then \
		printf 'VALGRIND  %s\n' '$(<:$(OUT)/tests/%=%)'; \
	else \
		echo "FAIL  $<"; cat $<.memcheck; exit 1; \
	fi

memcheck: $(unit_memchecks)

# --- fuzz targets: by libFuzzer, or as plain programs over their corpus.
fuzz_sources  := $(filter-out $(if $(filter no,$(TOML)),tests/fuzz/fuzz_config.c),$(wildcard tests/fuzz/fuzz_*.c))
fuzz_names    := $(fuzz_sources:tests/fuzz/fuzz_%.c=%)
fuzz_replays  := $(fuzz_names:%=$(OUT)/tests/fuzz/replay_%)
fuzz_fuzzers  := $(fuzz_names:%=$(OUT)/tests/fuzz/fuzz_%)
FUZZ_SECONDS  ?= 60
# What reads TOML is a plug-in of the command.
$(OUT)/tests/fuzz/replay_config $(OUT)/tests/fuzz/fuzz_config: $(OUT)/tools/plugin_toml.o
$(OUT)/tests/fuzz/replay_config $(OUT)/tests/fuzz/fuzz_config: test_libs = $(plugin_libs_toml)

$(fuzz_replays): $(OUT)/tests/fuzz/replay_%: $(OUT)/tests/fuzz/fuzz_%.o $(OUT)/tests/fuzz/replay.o $(libcprof)
	$(call say,LINK,$@)
	$(Q)$(LINK) -o $@ $^ $(lib_libs) $(test_libs) $(LDLIBS)

$(fuzz_names:%=replay-%): replay-%: $(OUT)/tests/fuzz/replay_% FORCE
	@if $< tests/fuzz/corpus/$* >$<.log 2>&1; then \
		printf 'FUZZ  %s: %s\n' '$*' "$$(tail -n 1 $<.log)"; \
	else \
		echo "FAIL  $<"; cat $<.log; exit 1; \
	fi

fuzz-replay: $(fuzz_names:%=replay-%)

$(fuzz_fuzzers): $(OUT)/tests/fuzz/fuzz_%: $(OUT)/tests/fuzz/fuzz_%.o $(libcprof)
	$(call say,LINK,$@)
	$(Q)$(LINK) -fsanitize=fuzzer -o $@ $^ $(lib_libs) $(test_libs) $(LDLIBS)

# What libFuzzer finds stays under build; a crash is worth a place in the corpus.
$(fuzz_names:%=fuzz-run-%): fuzz-run-%: $(OUT)/tests/fuzz/fuzz_%
	@mkdir -p $(OUT)/corpus/$*
	cd $(OUT) && $(abspath $<) -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 \
		corpus/$* $(abspath tests/fuzz/corpus/$*)

fuzz:
	$(MAKE) --no-print-directory CC=clang SAN=fuzzer,address,undefined $(fuzz_names:%=fuzz-run-%)

# --- what greps and nm can tell.
# (Instrumented builds bring libraries and symbols of their own.)
lint: ext
	@ci/check-includes
	$(if $(SAN)$(COVERAGE),,@ci/check-exports $(ext))

# --- the whole suite, with its own set-up; ci/test says in which order and why.
test:
	@BUILD='$(BUILD)' PYTHON='$(PYTHON)' SAN='$(SAN)' WERROR='$(WERROR)' V='$(V)' MAKE='$(MAKE)' ci/test

demo:
	@BUILD='$(BUILD)' PYTHON='$(PYTHON)' MAKE='$(MAKE)' examples/demo.sh

setup:
	@CC='$(CC)' CXX='$(CXX)' PYTHON='$(PYTHON)' ci/setup core native ext demo test

pythons:
	@PYTHON='$(PYTHON)' ci/pythons

.PHONY: unit memcheck fuzz fuzz-replay lint test demo setup pythons
.SECONDARY:

-include $(unit_sources:%.c=$(OUT)/%.d) $(wildcard $(OUT)/tests/fuzz/*.d)

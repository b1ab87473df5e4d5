# The C library and the native command.

lib_modules := base profile format snapshot change git graph draw draw/page
lib_sources := $(wildcard $(lib_modules:%=lib/%/*.c))
lib_objects := $(lib_sources:%.c=$(OUT)/%.o)
libcprof    := $(OUT)/libcprof.a

# Text is what most commands print: cairo, graphviz and libgit2, which take longer to
# load than a table to print, are loaded by those that need them, and by a program of its
# own, so that the one that prints text needs no dynamic linker (tools/plugin.h).
tool_objects := $(patsubst %.c,$(OUT)/%.o,$(filter-out tools/plugin%.c tools/handover.c,$(wildcard tools/*.c)))
cprof        := $(OUT)/bin/cprof
loader       := $(OUT)/lib/cprof/cprof
plugins      := $(patsubst tools/plugin_%.c,$(OUT)/lib/cprof/%.so,$(wildcard tools/plugin_*.c)) \
                $(if $(filter no,$(TOML)),,$(OUT)/lib/cprof/toml.so)

pkg = $(shell pkg-config $(1) $(2) 2>/dev/null)

# Each shared library that is loaded is a tenth of a text command's start: the command is a
# static one, where all that it needs is to be had so.
has = $(filter /%,$(shell $(firstword $(CC)) -print-file-name=$(1)))
static   := $(if $(filter no,$(STATIC))$(SAN),,$(and $(filter Linux,$(OS)),$(call has,rcrt1.o), \
              $(call has,libc.a),$(call has,libm.a),$(call has,libz.a),-static-pie))

zlib_cflags  := $(call pkg,--cflags,zlib)
zlib_libs    := $(or $(call pkg,--libs,zlib),-lz)
git2_cflags  := $(call pkg,--cflags,libgit2)
git2_libs    := $(call pkg,--libs,libgit2)
draw_cflags  := $(call pkg,--cflags,freetype2 libpng)
draw_libs    := $(call pkg,--libs,freetype2 libpng)
page_cflags  := $(call pkg,--cflags,cairo cairo-ft fontconfig) $(draw_cflags)
page_libs    := $(call pkg,--libs,cairo fontconfig)
graph_cflags := $(call pkg,--cflags,libgvc libcgraph libcdt)
# The layout plug-in is linked directly, so that no plug-in is searched for and
# loaded at run time; it lies in a folder of its own beside the libraries.
graph_plugins := $(call pkg,--variable=libdir,libgvc)/graphviz
graph_libs   := $(call pkg,--libs,libgvc libcgraph libcdt) \
                -L$(graph_plugins) -Wl,-rpath,$(graph_plugins) -lgvplugin_dot_layout

lib_libs := $(draw_libs) $(page_libs) $(graph_libs) $(git2_libs) $(zlib_libs) -lm

plugin_shared := $(if $(filter Darwin,$(OS)),-bundle -undefined dynamic_lookup,-shared)
dl_libs := $(if $(filter Linux,$(OS)),-ldl)
plugin_libs_draw := $(draw_libs) $(graph_libs)
# FreeType with what it loads is a sixth of a small picture's memory, for the third of it
# that is used: that third is linked into draw.so, where there are archives that can be.
brotli   := $(foreach part,dec common,$(call has,libbrotli$(part).a))
freetype := $(if $(static),$(if $(word 2,$(brotli)),$(call has,libfreetype.a)))
plugin_parts_draw := $(if $(freetype),$(patsubst %.c,$(OUT)/%.o,$(wildcard lib/draw/static/*.c)))
plugin_static_draw := $(if $(freetype),-z defs -Wl$(comma)--version-script=mk/plugin.map \
                        $(foreach part,freetype kinds,$(OUT)/lib/draw/static/$(part).o $(freetype)) \
                        $(brotli) $(call pkg,--libs,libpng) $(graph_libs))
plugin_libs_page := $(page_libs) $(draw_libs) $(graph_libs)
plugin_libs_git  := $(git2_libs)
plugin_libs_toml := -lstdc++
# The headers alone: what its .pc names beside them is for a library of it.
toml_cflags  := $(filter -I%,$(call pkg,--cflags,tomlplusplus))

$(OUT)/lib/format/%.o:       pkg_cflags = $(zlib_cflags)
$(OUT)/lib/git/%.o:          pkg_cflags = $(git2_cflags)
$(OUT)/lib/graph/layout.o:   pkg_cflags = $(graph_cflags)
$(OUT)/lib/draw/%.o:         pkg_cflags = $(draw_cflags)
$(OUT)/lib/draw/page/%.o:    pkg_cflags = $(page_cflags)

$(OUT)/lib/%.o: lib/%.c $(flags_file)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(COMPILE)

$(OUT)/tools/%.o: tools/%.c $(flags_file)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(COMPILE)

$(OUT)/tools/%.o: tools/%.cc $(flags_file)
	$(call say,CXX,$<)
	@mkdir -p $(@D)
	$(Q)$(COMPILE_CXX)
$(OUT)/tools/plugin_toml.o: pkg_cflags = $(toml_cflags)

# Made anew each time: an object whose source is gone must not stay inside.
$(libcprof): $(lib_objects)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(cprof): $(tool_objects) $(OUT)/tools/handover.o $(libcprof)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(LINK) $(static) -o $@ $^ $(zlib_libs) -lm $(LDLIBS)

$(loader): $(tool_objects) $(OUT)/tools/plugin.o $(libcprof)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(LINK) -o $@ $^ $(zlib_libs) -lm $(dl_libs) $(LDLIBS)

plugin_end = $(zlib_libs) -lm $(LDLIBS)
$(plugins): $(OUT)/lib/cprof/%.so: $(OUT)/tools/plugin_%.o $(libcprof)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(if $(plugin_static_$*),$(LINK) $(plugin_shared) -o $@ $(wordlist 1,2,$^) $(plugin_static_$*) $(plugin_end) 2>/dev/null ||) \
		$(LINK) $(plugin_shared) -o $@ $(wordlist 1,2,$^) $(plugin_libs_$*) $(plugin_end)
$(OUT)/lib/cprof/draw.so: $(plugin_parts_draw)

lib: $(libcprof)
cprof: $(cprof) $(loader) $(plugins)

.PHONY: lib cprof

-include $(lib_objects:.o=.d) $(tool_objects:.o=.d) $(OUT)/tools/plugin.d $(OUT)/tools/handover.d $(plugin_parts_draw:.o=.d) $(plugins:$(OUT)/lib/cprof/%.so=$(OUT)/tools/plugin_%.d)

# Knobs, and the flags that follow from them.

BUILD  ?= build
PYTHON ?= python3
PREFIX ?= /usr/local
CFLAGS ?= -O2 -g
ifeq ($(origin CC),default)
CC := cc
endif
# Of the compiler's own kind, unless the user says which.
ifeq ($(origin CXX),default)
CXX := $(if $(findstring clang,$(firstword $(CC))),clang++,c++)
endif
# TOML=no leaves out what reads cprof.toml, the one thing that needs C++.
TOML ?= yes
# STATIC=no has the command, too, use the system's shared libraries.
STATIC ?= yes

VERSION := $(shell sed -n 's/^.define CPROF_VERSION "\(.*\)"/\1/p' lib/base/version.h)
OS      := $(shell uname -s)
comma   := ,

# build/release, build/san-address-undefined, build/clang-coverage, ...
cc_name := $(filter-out cc gcc,$(notdir $(firstword $(CC))))
CONFIG  := $(subst $() ,-,$(strip $(cc_name) $(if $(SAN),san-$(subst $(comma),-,$(SAN))) \
             $(if $(COVERAGE),coverage)))
CONFIG  := $(or $(CONFIG),release)
OUT     := $(BUILD)/$(CONFIG)

# What the project needs stands here; CFLAGS, CPPFLAGS and LDFLAGS are the user's.
own_cppflags := -D_GNU_SOURCE -Ilib
own_cflags   := -std=c11 -fPIC -fvisibility=hidden -pthread \
                -Wall -Wextra -Wshadow -Wstrict-prototypes
own_ldflags  := -pthread
ifneq ($(WERROR),)
own_cflags += -Werror
endif
ifneq ($(SAN),)
# libFuzzer brings a main of its own: only fuzz targets are linked with it.
san_link    := -fsanitize=$(subst $() ,$(comma),$(filter-out fuzzer,$(subst $(comma), ,$(SAN))))
own_cflags  += -fsanitize=$(subst fuzzer,fuzzer-no-link,$(SAN)) \
               -fno-sanitize-recover=all -fno-omit-frame-pointer
own_ldflags += $(san_link)
endif
ifneq ($(COVERAGE),)
own_cflags  += --coverage
own_ldflags += --coverage
endif

# (What checks the types of objects and functions comes with a linker for C++ alone.)
own_cxxflags = $(filter-out -std=c11 -Wstrict-prototypes,$(own_cflags)) -std=c++17 \
               $(if $(SAN),-fno-sanitize=vptr $(if $(findstring clang,$(CXX)),-fno-sanitize=function))

COMPILE = $(CC) $(own_cppflags) $(CPPFLAGS) $(own_cflags) $(pkg_cflags) $(CFLAGS) -MMD -MP -c -o $@ $<
COMPILE_CXX = $(CXX) $(own_cppflags) $(CPPFLAGS) $(own_cxxflags) $(pkg_cflags) $(CFLAGS) -MMD -MP -c -o $@ $<
LINK    = $(CC) $(CFLAGS) $(own_ldflags) $(LDFLAGS)

# `CC lib/base/buf.c` instead of the command, unless V=1; nothing with make -s.
ifneq ($(V),)
Q :=
say = @:
else ifneq ($(findstring s,$(firstword -$(MAKEFLAGS))),)
Q := @
say = @:
else
Q := @
say = @printf '%-5s %s\n' '$(1)' '$(2)'
endif

# Changed flags rebuild, as a changed file does.
flags_file := $(OUT)/flags
flags_now  := $(CC) | $(CXX) | $(CPPFLAGS) | $(own_cflags) | $(own_cxxflags) | $(CFLAGS) | $(LDFLAGS) | $(filter no,$(STATIC))
$(flags_file): FORCE | $(OUT)
	@printf '%s\n' '$(flags_now)' | cmp -s - $@ || printf '%s\n' '$(flags_now)' > $@
$(OUT):
	@mkdir -p $@

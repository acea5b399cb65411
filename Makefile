# SPDX-License-Identifier: GPL-2.0-or-later
#
# CIPE: the encrypted link. "make help" lists what can be made.

# Kernel to build the module for
KVER ?= $(shell uname -r)
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
# What "make check" covers; kernels of 6.1, 6.12, debug, and test programs
KERNELS ?= 6.1 6.12 debug
TESTS ?=
# Seconds for each fuzz target: of "make fuzz", and of "make check"
TIME ?= 60
FUZZ_TIME ?= 60
# Minutes after which "make check" begins no further selftest; empty: all are run
LIMIT ?=
# What "make bench" measures: kernels and modes
MODES ?= icount smp
# What "make bench-flood" measures: kinds of floods; empty: all
KINDS ?=
# What "make bench-scale" measures: peers of the hub, and their keys
PEERS ?= 10000
KIND ?= psk

export PREFIX DESTDIR

INSTALL ?= install
KDIR ?= $(firstword $(wildcard /lib/modules/$(KVER)/build /usr/src/linux-headers-$(KVER)))
BUILD := $(CURDIR)/build
VM := selftests/vm
DEST_MODULES := $(DESTDIR)/lib/modules/$(KVER)/updates

.PHONY: all modules daemon tests install uninstall clean deps check fuzz model demo \
	bench bench-flood bench-scale lint help

all: modules daemon

help:
	@echo "make [all]         module (for the running kernel) and daemon"
	@echo "make modules       the module; KVER=RELEASE for another kernel"
	@echo "make daemon        ciped and cipectl"
	@echo "make install       module, programs, samples; DESTDIR, PREFIX, SYSCONFDIR, KVER"
	@echo "make uninstall     remove them; configuration stays"
	@echo "make deps          install what all of this needs (Debian 12)"
	@echo "make check         build and test everything in emulated machines;"
	@echo "                   KERNELS='6.1 6.12 debug' TESTS='basic.sh ...' for less"
	@echo "                   FUZZ_TIME=60: seconds for each fuzz target; LIMIT=55: minutes,"
	@echo "                   no further test is begun then"
	@echo "make fuzz          the daemon's parsers and sessions against random input;"
	@echo "                   TIME=60: seconds for each target, TARGETS='session ...'"
	@echo "make demo          two gateways at work in an emulated machine;"
	@echo "                   SHELL_IN=1 to stay in it"
	@echo "make bench         measure the link and its like in an emulated machine;"
	@echo "                   QUICK=1 for a short look, KERNELS='6.1 6.12' MODES='icount smp';"
	@echo "                   icount-words is a third mode (docs/performance.md)"
	@echo "make model         search the model of the key exchange (spin)"
	@echo "make bench-scale   a hub of many peers in an emulated machine: start, memory,"
	@echo "                   key exchanges; PEERS=10000 KIND=psk or public"
	@echo "make bench-flood   what floods of forged messages cost a link, in an emulated"
	@echo "                   machine; KINDS for some of them only"
	@echo "make lint          checkpatch, sparse, shellcheck"
	@echo "make clean"
	@echo "See README.md and docs/testing.md."

# The module is built from a copy, so that the tree stays clean and several
# kernels can be built for at once. MFLAGS_EXTRA serves lint.
modules:
	@[ -n "$(KDIR)" ] || { \
		echo "No headers for kernel $(KVER): install linux-headers-$(KVER), or say KVER=RELEASE." >&2; \
		echo "There are: $$(cd /lib/modules && ls -d */build 2>/dev/null | xargs -r -n1 dirname | xargs)" >&2; \
		exit 1; }
	@mkdir -p $(BUILD)/$(KVER)
	@rsync -a --delete --exclude='*.o' --exclude='.*' --exclude='*.mod*' \
		--include='/Kbuild' --include='/kmod/***' --include='/include/***' \
		--exclude='*' ./ $(BUILD)/$(KVER)/
	$(MAKE) -C $(KDIR) M=$(BUILD)/$(KVER) W=1 $(MFLAGS_EXTRA) modules

daemon:
	$(MAKE) -C daemon OUT=$(BUILD)/daemon all

# The compiled tests, linked with the harness of the kernel's sources
tests:
	$(MAKE) -C selftests OUTPUT=$(BUILD)/selftests

install: modules daemon
	$(INSTALL) -d $(DEST_MODULES)
	$(INSTALL) -m 644 $(BUILD)/$(KVER)/cipe.ko $(DEST_MODULES)/cipe.ko
	$(if $(DESTDIR),,depmod $(KVER))
	$(INSTALL) -d $(DESTDIR)$(PREFIX)/sbin
	$(INSTALL) -m 755 $(BUILD)/daemon/ciped $(BUILD)/daemon/cipectl $(DESTDIR)$(PREFIX)/sbin
	$(INSTALL) -d -m 755 $(DESTDIR)$(SYSCONFDIR)/cipe
	@cd etc-samples && find . -type f | while read -r f; do \
		to="$(DESTDIR)$(SYSCONFDIR)/cipe/$$f"; \
		if [ -e "$$to" ]; then echo "kept $$to"; continue; fi; \
		if [ -x "$$f" ]; then mode=755; else mode=600; fi; \
		$(INSTALL) -D -m $$mode "$$f" "$$to"; \
	done
	@for f in $(wildcard docs/man/*.[1-9]); do \
		$(INSTALL) -D -m 644 $$f $(DESTDIR)$(PREFIX)/share/man/man$${f##*.}/$${f##*/}; \
	done

uninstall:
	rm -f $(DEST_MODULES)/cipe.ko
	$(if $(DESTDIR),,depmod $(KVER))
	rm -f $(DESTDIR)$(PREFIX)/sbin/ciped $(DESTDIR)$(PREFIX)/sbin/cipectl
	@for f in $(wildcard docs/man/*.[1-9]); do \
		rm -f $(DESTDIR)$(PREFIX)/share/man/man$${f##*.}/$${f##*/}; \
	done

clean:
	rm -rf $(BUILD)

deps:
	@$(VM)/deps

check:
	@KERNELS='$(KERNELS)' TESTS='$(TESTS)' FUZZ_TIME='$(FUZZ_TIME)' LIMIT='$(LIMIT)' \
		$(VM)/check

fuzz:
	@$(MAKE) -s -C daemon OUT=$(BUILD)/daemon fuzz
	@TARGETS='$(TARGETS)' daemon/fuzz/run $(BUILD)/daemon/fuzz $(TIME)

model:
	@$(VM)/model

lint:
	@$(VM)/lint

# All of it may be missing on a fresh machine, headers too
demo:
	@$(VM)/demo $(if $(SHELL_IN),--shell)

bench:
	@KERNELS='$(filter-out debug,$(KERNELS))' MODES='$(MODES)' bench/all $(if $(QUICK),--quick)

bench-flood: daemon
	@$(VM)/deps
	@dir=$$($(VM)/kernel 6.12) && $(MAKE) -s modules KVER=$$(cat $$dir/release) KDIR=$$dir/build
	@$(MAKE) -s -C selftests OUTPUT=$(BUILD)/selftests KSFT=$$($(VM)/source)/tools/testing/selftests
	@bench/flood-run --kinds '$(KINDS)'

bench-scale: daemon
	@$(VM)/deps
	@dir=$$($(VM)/kernel 6.12) && $(MAKE) -s modules KVER=$$(cat $$dir/release) KDIR=$$dir/build
	@bench/scale --peers $(PEERS) --kind $(KIND)

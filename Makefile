# SPDX-License-Identifier: GPL-3.0-or-later
#
# netmend: everything is built out of tree, under $(B).
#   make help    says what each target does

# ---- what must be installed (Debian 12) -----------------------------------------------------------

PACKAGES := build-essential pkg-config \
	libmicrohttpd-dev libpq-dev postgresql nginx-light libjansson-dev libsodium-dev libssl-dev libarchive-dev libzstd-dev libbz2-dev \
	liblzma-dev zlib1g-dev libkmod-dev libsqlite3-dev libinih-dev ntfs-3g-dev ntfs-3g libhivex-dev libhivex-bin \
	libfuse3-dev libseccomp-dev libldap-dev libsasl2-dev libkrb5-dev libcurl4-openssl-dev libsasl2-modules-gssapi-mit libfreeipmi-dev libipmiconsole-dev libvterm-dev libxml2-dev libcmocka-dev \
	samba samba-ad-dc samba-ad-provision samba-dsdb-modules winbind krb5-user ldb-tools ldap-utils slapd \
	dnsmasq-base kea-dhcp4-server isc-dhcp-server nftables iptables ipxe shim-signed grub-efi-amd64-signed linux-image-amd64 firmware-linux-free kmod iproute2 openssl \
	qemu-system-x86 qemu-system-common qemu-utils ovmf swtpm swtpm-tools systemd-boot-efi binutils busybox-static cryptsetup-bin dislocker libbde-utils \
	fuse3 dosfstools mtools xorriso grub-common grub-pc-bin gdisk python3 python3-jsonschema man-db groff-base bsdextrautils curl sqlite3 xz-utils zstd tcpdump procps chromium \
	openipmi ipmitool freeipmi-tools python3-pyghmi python3-sushy redfishtool \
	clang clang-format cppcheck git

# ---- settings -------------------------------------------------------------------------------------

B       ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
CC      := gcc
V       ?= 0
Q       := $(if $(filter 1,$(V)),,@)

CPPFLAGS := -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I. -Iinclude -isystem /usr/include/postgresql -DNM_PREFIX='"$(PREFIX)"'
WARN := -Wall -Wextra -Werror -Wshadow -Wpointer-arith -Wcast-qual -Wwrite-strings -Wformat=2 \
	-Wundef -Wvla -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	-Wredundant-decls -Wnested-externs -Wimplicit-fallthrough=5 -Wlogical-op -Wduplicated-cond \
	-Wduplicated-branches -Wdate-time -Walloca -Winit-self -Wunused -Wuninitialized \
	-Wmissing-include-dirs -Wtrampolines -Wjump-misses-init
HARDEN := -fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE
ifeq ($(SANITIZE),1)
# What fits is seen by the ordinary build: instrumented code hides lengths from that warning.
OPT    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -Wno-format-truncation
LDHARD := -pie
STATIC :=
else
OPT    := -O2 -g
HARDEN += -D_FORTIFY_SOURCE=2
LDHARD := -pie -Wl,-z,relro,-z,now,-z,noexecstack
STATIC := -static-pie
endif
CFLAGS  := -std=gnu17 $(OPT) $(WARN) $(HARDEN) -ffunction-sections -fdata-sections
LDFLAGS := $(OPT) $(LDHARD) -Wl,--gc-sections
# libntfs-3g's headers declare functions without prototypes' care; narrow conversions are our own
# business in the code that reads disks.
$(B)/fixer/%.o $(B)/initrd/%.o: CFLAGS += -Wconversion -Wno-sign-conversion

# ---- sources --------------------------------------------------------------------------------------

objs = $(patsubst %.c,$(B)/%.o,$(wildcard $(1)))

BASE_OBJS      := $(call objs,fixer/base/*.c)
BITLOCKER_OBJS := $(call objs,fixer/bitlocker/*.c fixer/block/*.c)
RECIPE_OBJS    := $(call objs,fixer/windows/recipe*.c)
FIXER_LIB_OBJS := $(call objs,fixer/block/*.c fixer/bitlocker/*.c fixer/ntfs/*.c fixer/fat/*.c fixer/windows/*.c \
	fixer/repair/*.c fixer/link/*.c fixer/machine/*.c fixer/session*.c fixer/unlock*.c)
FIXER_OBJS     := $(filter-out $(FIXER_LIB_OBJS),$(call objs,fixer/*.c))
INIT_OBJS      := $(call objs,initrd/init/*.c)
MKINITRD_OBJS  := $(call objs,initrd/mkinitrd/*.c)
ESCROW_LIB_OBJS := $(filter-out %/escrow/main.o,$(call objs,appliance/escrow/*.c appliance/escrow/*/*.c))
POWER_LIB_OBJS := $(filter-out %/power/main.o,$(call objs,appliance/power/*.c))
FETCH_LIB_OBJS := $(filter-out %/fetch/main.o,$(call objs,appliance/fetch/*.c))
GUARD_OBJS     := $(call objs,appliance/guard/*.c)
APPLIANCE_LIB_OBJS := $(filter-out $(B)/appliance/main.o $(B)/appliance/hooks/main.o $(B)/appliance/escrow/% $(B)/appliance/fetch/% $(B)/appliance/power/%,\
	$(call objs,appliance/*.c appliance/*/*.c appliance/fleet/*/*.c))

LIBBASE      := $(B)/libbase.a
LIBFIXER     := $(B)/libfixer.a
LIBESCROW    := $(B)/libescrow.a
LIBFETCH     := $(B)/libfetch.a
LIBPOWER     := $(B)/libpower.a
LIBAPPLIANCE := $(B)/libappliance.a
LIBINITRD    := $(B)/libinitrd.a
$(LIBBASE): $(BASE_OBJS)
$(LIBFIXER): $(FIXER_LIB_OBJS)
$(LIBESCROW): $(ESCROW_LIB_OBJS)
$(LIBFETCH): $(FETCH_LIB_OBJS)
$(LIBPOWER): $(POWER_LIB_OBJS)
$(LIBAPPLIANCE): $(APPLIANCE_LIB_OBJS)
$(LIBINITRD): $(filter-out %/main.o,$(INIT_OBJS) $(MKINITRD_OBJS))

# Debian's libhivex is linked statically in every build, because its iconv() goes to our code
# (fixer/windows/recode.c says why).
ICONV_WRAP    := -Wl,--wrap=iconv_open,--wrap=iconv,--wrap=iconv_close,-u,__wrap_iconv_open
FIXER_SYS     := $(ICONV_WRAP) -l:libhivex.a -lntfs-3g -lfuse3 -lseccomp -larchive -lzstd -lz -lbz2 -llzma -lssl -lcrypto -ljansson -linih -lsodium
APPLIANCE_SYS := -lmicrohttpd -larchive -lsqlite3 -lpq -ljansson -lssl -lcrypto -linih -lsodium -lseccomp -lz -lzstd
ESCROW_SYS    := -lsqlite3 -ljansson -lcrypto -lsodium -lseccomp -lz
HOOKS_SYS     := -lcurl -lsqlite3 -lpq -ljansson -lcrypto -lsodium -lseccomp
POWER_SYS     := -lfreeipmi -lipmiconsole -lvterm -lxml2 -lcurl -ljansson -lssl -lcrypto -lsodium -lseccomp
FETCH_SYS     := -lldap -llber -lgssapi_krb5 -lcurl -ljansson -lcrypto -lsodium -lseccomp

PROGRAMS := $(if $(wildcard fixer/main.c),$(B)/fixer.bin) $(if $(INIT_OBJS),$(B)/init) \
	$(if $(MKINITRD_OBJS),$(B)/mkinitrd) $(if $(wildcard appliance/main.c),$(B)/netmend) \
	$(B)/netmend-escrow $(B)/netmend-fetch $(B)/netmend-power $(B)/netmend-hooks

# ---- everyday targets -----------------------------------------------------------------------------

.PHONY: all deps demo check check-unit check-module check-e2e check-boot check-asan lint bench install clean help
.DEFAULT_GOAL := all

all: $(PROGRAMS) ## build every program

help: ## what each target does
	@grep -hE '^[a-z0-9-]+:.*## ' Makefile | sed 's/:.*## /\t/' | sort | awk -F'\t' '{printf "  make %-14s %s\n", $$1, $$2}'

clean: ## remove everything built
	rm -rf $(B)

# ---- programs -------------------------------------------------------------------------------------

# fixer and init run where there is no file system to load libraries from.
$(B)/fixer.bin: $(FIXER_OBJS) $(LIBFIXER) $(LIBBASE)
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) $(STATIC) -o $@ $^ $(FIXER_SYS) 2>$@.warn || { cat $@.warn >&2; exit 1; }

$(B)/init: $(INIT_OBJS) $(LIBBASE)
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) $(STATIC) -o $@ $^ -lsodium

$(B)/mkinitrd: $(MKINITRD_OBJS) $(LIBBASE)
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -larchive -lkmod -lsodium

$(B)/netmend: $(B)/appliance/main.o $(LIBAPPLIANCE) $(RECIPE_OBJS) $(LIBBASE)
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(APPLIANCE_SYS)

$(B)/netmend-escrow: $(B)/appliance/escrow/main.o $(LIBESCROW) $(GUARD_OBJS) $(BITLOCKER_OBJS) $(LIBBASE)
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(ESCROW_SYS)

# The parsers of other people's networks (LDAP, HTTP) are in a program that never sees the vault.
$(B)/netmend-fetch: $(B)/appliance/fetch/main.o $(LIBFETCH) $(GUARD_OBJS) $(LIBBASE)
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(FETCH_SYS)

# So are those of BMCs, each by its password only while it is driven.
$(B)/netmend-power: $(B)/appliance/power/main.o $(LIBPOWER) $(GUARD_OBJS) $(LIBBASE)
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(POWER_SYS)

$(B)/netmend-hooks: $(B)/appliance/hooks/main.o $(LIBAPPLIANCE) $(LIBBASE)
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(HOOKS_SYS)

# What a machine downloads: the newest installed kernel and the initrd made for it.
KERNEL := $(notdir $(lastword $(shell printf '%s\n' /lib/modules/*-amd64 | sort -V)))

# Bytes of both together: every machine of a floor fetches them at the same time.
BOOT_MAX ?= 24000000

.PHONY: boot-files
boot-files: $(B)/boot/vmlinuz $(B)/boot/initrd.img ## kernel and initrd that machines download
	@size=$$(cat $^ | wc -c); echo "$$size bytes: kernel and initrd"; \
	if [ $$size -gt $(BOOT_MAX) ]; then echo "more than $(BOOT_MAX): leave something out of initrd/modules.list" >&2; exit 1; fi

$(B)/boot/vmlinuz: /boot/vmlinuz-$(KERNEL)
	@mkdir -p $(@D)
	$(Q)install -m 0644 $< $@

$(B)/boot/%.stripped: $(B)/%
	@mkdir -p $(@D)
	$(Q)strip -o $@ $<

$(B)/boot/initrd.img: $(B)/mkinitrd $(B)/boot/init.stripped $(B)/boot/fixer.bin.stripped initrd/modules.list /bin/ntfsrecover
	@echo "  INITRD $@"
	$(Q)$(B)/mkinitrd --kernel-modules /lib/modules/$(KERNEL) --modules initrd/modules.list \
		--init $(B)/boot/init.stripped --fixer $(B)/boot/fixer.bin.stripped --program /bin/ntfsrecover \
		--output $@

# ---- compiling ------------------------------------------------------------------------------------

$(B)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/appliance/power/amt_xml.o $(B)/fuzz/appliance/power/amt_xml.o: CPPFLAGS += -isystem /usr/include/libxml2

# The assembler reads these, so the compiler's dependency files do not know them.
PAGE := $(B)/appliance/web/page/packed
$(B)/appliance/web/page.o $(B)/fuzz/appliance/web/page.o: $(PAGE)
$(B)/appliance/web/page.o $(B)/fuzz/appliance/web/page.o: CPPFLAGS += -Wa,-I$(PAGE)
$(B)/appliance/preflight/settings.o: $(wildcard appliance/preflight/settings/*.in)
$(B)/appliance/web/openapi.o: appliance/web/openapi.json appliance/web/openapi_schemas.json appliance/web/openapi_power.json

$(PAGE): appliance/web/pack.py $(wildcard appliance/web/page/*)
	@echo "  PACK  $@"
	$(Q)rm -rf $@ && /usr/bin/python3 appliance/web/pack.py appliance/web/page $@

$(B)/%.a:
	@mkdir -p $(@D)
	@echo "  AR    $@"
	$(Q)rm -f $@ && ar rcs $@ $^

-include $(shell find $(B) -name '*.d' -type f 2>/dev/null)

# ---- tests ----------------------------------------------------------------------------------------

TEST_SRCS  := $(wildcard tests/unit/test_*.c tests/module/test_*.c)
TESTS      := $(patsubst %.c,$(B)/%,$(TEST_SRCS))
FUZZ_NAMES := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SHARED := tests/fuzz/fve_input.c tests/fuzz/volume_io.c
REPLAYS    := $(FUZZ_NAMES:%=$(B)/tests/fuzz/replay_%)
GENERATORS := $(patsubst %.c,$(B)/%,$(wildcard tests/generators/mk*.c))
GEN_LIB_OBJS := $(filter-out $(B)/tests/generators/mk%,$(call objs,tests/generators/*.c))
CHECKER_OBJS := $(filter-out %/main.o,$(call objs,tests/ntfscheck/*.c))
CHECKER    := $(B)/tests/ntfscheck/ntfscheck
TEST_LIBS  := $(LIBAPPLIANCE) $(LIBESCROW) $(LIBFETCH) $(LIBPOWER) $(LIBFIXER) $(LIBINITRD) $(LIBBASE)
TEST_SYS   := $(FIXER_SYS) $(APPLIANCE_SYS) $(FETCH_SYS) $(POWER_SYS)
# There are so many of them: by the faster of binutils' linkers, a third of the time.
TEST_LINK   = $(CC) $(LDFLAGS) $(if $(filter 1,$(SANITIZE)),,-fuse-ld=gold) -o $@ $(filter %.o,$^)

$(B)/tests/unit/test_%: $(B)/tests/unit/test_%.o $(GEN_LIB_OBJS) $(CHECKER_OBJS) $(TEST_LIBS)
	@echo "  LINK  $@"
	$(Q)$(TEST_LINK) -Wl,--start-group $(TEST_LIBS) -Wl,--end-group -lcmocka $(TEST_SYS)

$(B)/tests/module/test_%: $(B)/tests/module/test_%.o $(GEN_LIB_OBJS) $(CHECKER_OBJS) $(TEST_LIBS)
	@echo "  LINK  $@"
	$(Q)$(TEST_LINK) -Wl,--start-group $(TEST_LIBS) -Wl,--end-group -lcmocka $(TEST_SYS)

# Each fuzz target by gcc, with a main that replays its corpus: tests of the unit tier.
$(B)/tests/fuzz/replay_%: $(B)/tests/fuzz/fuzz_%.o $(B)/tests/fuzz/replay.o $(FUZZ_SHARED:%.c=$(B)/%.o) $(GEN_LIB_OBJS) $(TEST_LIBS)
	@echo "  LINK  $@"
	$(Q)$(TEST_LINK) -Wl,--start-group $(TEST_LIBS) -Wl,--end-group -lcmocka $(TEST_SYS)

$(B)/tests/generators/mk%: $(B)/tests/generators/mk%.o $(GEN_LIB_OBJS) $(LIBFIXER) $(LIBBASE)
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIBFIXER) $(LIBBASE) $(FIXER_SYS)

# Random volumes, a repair of each (tests/volumes/README.md).
RANDOM_VOLUMES := $(B)/tests/volumes/random
$(RANDOM_VOLUMES): $(call objs,tests/volumes/random*.c) $(GEN_LIB_OBJS) $(CHECKER_OBJS) $(LIBFIXER) $(LIBBASE)
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIBFIXER) $(LIBBASE) $(FIXER_SYS)

COUNT ?= 10000
SEED  ?= 1
.PHONY: volumes
volumes: $(RANDOM_VOLUMES) ## COUNT random NTFS volumes of SEED, each repaired, judged and undone
	$(RANDOM_VOLUMES) --seed $(SEED) --count $(COUNT) --keep $(B)/tests/volumes

CORRUPT_VOLUMES := $(B)/tests/volumes/corrupt
$(CORRUPT_VOLUMES): $(call objs,tests/volumes/corrupt*.c) $(GEN_LIB_OBJS) $(CHECKER_OBJS) $(LIBFIXER) $(LIBBASE)
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIBFIXER) $(LIBBASE) $(FIXER_SYS)

.PHONY: volumes-corrupt
volumes-corrupt: $(CORRUPT_VOLUMES) ## COUNT volumes damaged at random by SEED: right reason or right repair
	$(CORRUPT_VOLUMES) --seed $(SEED) --count $(COUNT)

# The judge of every repaired NTFS volume: nothing of the code under test in it.
$(CHECKER): $(B)/tests/ntfscheck/main.o $(CHECKER_OBJS)
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lsodium

# The wire of a storm (tests/bench/README.md).
WIRE := $(B)/tests/bench/wave/wire
$(WIRE): $(B)/tests/bench/wave/wire.o
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lpthread

# Machines by the thousand against one appliance (tests/bench/swarm/README.md).
SWARM := $(B)/tests/bench/swarm/swarm
$(SWARM): $(call objs,tests/bench/swarm/*.c) $(GEN_LIB_OBJS) $(LIBFIXER) $(LIBBASE)
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIBFIXER) $(LIBBASE) $(FIXER_SYS) -lm

tests: $(TESTS) $(SWARM) $(WIRE) $(REPLAYS) $(GENERATORS) $(CHECKER) $(RANDOM_VOLUMES) $(CORRUPT_VOLUMES)
generators: $(GENERATORS)

# The tests bring servers of their own (Samba, slapd): Debian's policy-rc.d keeps their packages from starting a service on
# this host. One that is there already stays.
QUIETLY := policy=/usr/sbin/policy-rc.d; if [ ! -e $$policy ]; then printf '\#!/bin/sh\nexit 101\n' >$$policy; chmod 0755 $$policy; \
	trap "rm -f $$policy" EXIT; fi;

# make check and make demo install what is missing first, then start over with a look at the result.
deps: ## install the Debian packages netmend needs
	@missing=$$(dpkg-query -W -f='$${Package} $${db:Status-Abbrev}\n' $(PACKAGES) 2>/dev/null | awk '$$2 == "ii" {print $$1}' | \
		sort >/tmp/netmend-have.$$$$; printf '%s\n' $(PACKAGES) | sort | comm -13 /tmp/netmend-have.$$$$ -; \
		rm -f /tmp/netmend-have.$$$$); \
	if [ -n "$$missing" ]; then echo "Installing:" $$missing; apt-get update && $(QUIETLY) \
		DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $$missing; fi

demo: deps ## three crash-looping machines, recovered before your eyes
	@$(MAKE) --no-print-directory all boot-files generators
	B=$(abspath $(B)) /usr/bin/python3 tests/e2e/demo.py

# CI has the tier boot, too.
TIERS ?= unit module e2e
check: deps ## every test of every tier but the longest; ends with N passed, N failed, N skipped
	@$(MAKE) --no-print-directory -j2 lint all boot-files tests
	/usr/bin/python3 tests/run.py $(B) $(TIERS)

check-unit: all tests ## one part against data
	/usr/bin/python3 tests/run.py $(B) unit

check-module: all boot-files tests ## our programs beside real servers and tools
	/usr/bin/python3 tests/run.py $(B) module

check-e2e: all boot-files tests ## whole machines in QEMU
	/usr/bin/python3 tests/run.py $(B) e2e

# Not in `check`: firmware that waits for what is not there takes minutes of each test.
check-boot: deps ## long network boots with real firmware, one way in each
	@$(MAKE) --no-print-directory -j2 all boot-files tests
	/usr/bin/python3 tests/run.py $(B) boot

check-asan: ## unit and module tests under AddressSanitizer and UBSan
	@$(MAKE) --no-print-directory -j2 SANITIZE=1 B=$(B)/asan all boot-files tests
	/usr/bin/python3 tests/run.py $(B)/asan unit module

# ---- installing -----------------------------------------------------------------------------------

PREFIX_DIR := $(DESTDIR)$(PREFIX)

# The places that depend on it are compiled in: another PREFIX compiles them again.
$(B)/prefix: FORCE
	@mkdir -p $(@D)
	@echo '$(PREFIX)' | cmp -s - $@ || echo '$(PREFIX)' >$@
$(B)/appliance/config/keys.o $(B)/appliance/supervisor/programs.o: $(B)/prefix
FORCE:
.PHONY: FORCE

$(B)/netmend.bash: $(B)/netmend
	$(Q)$< completion bash >$@.new && mv $@.new $@

install: all boot-files $(B)/netmend.bash ## programs, boot files, service (PREFIX, DESTDIR)
	install -D -t $(PREFIX_DIR)/sbin $(B)/netmend
	install -D $(B)/fixer.bin $(PREFIX_DIR)/bin/fixer
	install -D -t $(PREFIX_DIR)/libexec/netmend $(B)/netmend-escrow $(B)/netmend-fetch $(B)/netmend-power $(B)/netmend-hooks $(B)/mkinitrd
	install -D -m 0644 -t $(PREFIX_DIR)/lib/netmend $(B)/boot/vmlinuz $(B)/boot/initrd.img
	install -D -m 0644 -t $(PREFIX_DIR)/share/netmend/netboot $(wildcard netboot/*.ipxe netboot/*.in netboot/*.cfg)
	install -D -m 0644 -t $(PREFIX_DIR)/share/doc/netmend appliance/config/netmend.conf.example
	install -D -m 0644 -t $(PREFIX_DIR)/share/man/man8 fixer/fixer.8 appliance/cli/netmend.8
	install -D -m 0644 -t $(PREFIX_DIR)/share/man/man5 appliance/config/netmend.conf.5
	install -D -m 0644 $(B)/netmend.bash $(PREFIX_DIR)/share/bash-completion/completions/netmend
	install -D -m 0644 appliance/systemd/sysusers.conf $(PREFIX_DIR)/lib/sysusers.d/netmend.conf
	install -d $(PREFIX_DIR)/lib/systemd/system
	sed 's|@PREFIX@|$(PREFIX)|' appliance/systemd/netmend.service.in >$(PREFIX_DIR)/lib/systemd/system/netmend.service
	chmod 0644 $(PREFIX_DIR)/lib/systemd/system/netmend.service

# ---- rules and figures ----------------------------------------------------------------------------

lint: ## house rules, format, layers
	/usr/bin/python3 tests/lint.py

# All of our code once more, by clang with what libFuzzer wants; one program per target.
TIME      ?= 60
TARGETS   ?=
FUZZ_CC   := clang -std=gnu17 -O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=all
FUZZ_SRCS := $(wildcard fixer/*/*.c appliance/*.c appliance/*/*.c appliance/escrow/*/*.c appliance/fleet/*/*.c initrd/*/*.c tests/generators/*.c) $(FUZZ_SHARED)
FUZZ_LIB  := $(patsubst %.c,$(B)/fuzz/%.o,$(filter-out %/main.c tests/generators/mk%,$(FUZZ_SRCS)))
FUZZERS   := $(addprefix $(B)/fuzz/fuzz_,$(or $(TARGETS),$(FUZZ_NAMES)))

$(B)/fuzz/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CLANG $<"
	$(Q)$(FUZZ_CC) -fsanitize=$(FUZZ_TRACE)address,undefined $(CPPFLAGS) -MMD -MP -c -o $@ $<

# Traced is what decides by its input; ciphers do not, and helpers of the tests are not what is judged.
FUZZ_TRACE := fuzzer-no-link,
FUZZ_PLAIN := $(wildcard fixer/bitlocker/cipher*.c fixer/bitlocker/diffuser*.c tests/generators/*.c) $(FUZZ_SHARED)
$(FUZZ_PLAIN:%.c=$(B)/fuzz/%.o): FUZZ_TRACE :=

$(B)/fuzz/lib.a: $(FUZZ_LIB)

$(B)/fuzz/fuzz_%: $(B)/fuzz/tests/fuzz/fuzz_%.o $(B)/fuzz/lib.a
	@echo "  LINK  $@"
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer,address,undefined -o $@ $^ $(TEST_SYS)

$(B)/fuzz/make_seeds: $(B)/fuzz/tests/fuzz/seeds.o $(B)/fuzz/tests/fuzz/seeds_bitlocker.o $(B)/fuzz/lib.a
	@echo "  LINK  $@"
	$(Q)$(FUZZ_CC) -fsanitize=address,undefined -o $@ $^ $(TEST_SYS)

.PHONY: fuzz fuzz-corpus
fuzz: $(FUZZERS) $(B)/fuzz/make_seeds ## each fuzz target for TIME (90, 10m, 1h); TARGETS="a b" picks some
	/usr/bin/python3 tests/fuzz/run.py $(B) $(TIME) $(TARGETS)

fuzz-corpus: $(FUZZERS) $(B)/fuzz/make_seeds ## keep in tests/fuzz/corpus the inputs that reach most
	/usr/bin/python3 tests/fuzz/run.py $(B) merge $(TARGETS)

$(B)/tests/bench/bench_%: $(B)/tests/bench/bench_%.o $(GEN_LIB_OBJS) $(TEST_LIBS)
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(TEST_LIBS) -Wl,--end-group $(TEST_SYS)

bench: all boot-files generators $(SWARM) $(WIRE) $(patsubst %.c,$(B)/%,$(wildcard tests/bench/bench_*.c)) ## figures (no verdict)
	$(B)/tests/bench/bench_release $(B)
	B=$(abspath $(B)) /usr/bin/python3 tests/bench/repair.py
	B=$(abspath $(B)) /usr/bin/python3 tests/bench/bitlocker.py
	B=$(abspath $(B)) /usr/bin/python3 tests/bench/vault.py
	B=$(abspath $(B)) /usr/bin/python3 tests/bench/fleet.py
	B=$(abspath $(B)) /usr/bin/python3 tests/bench/storm.py
	B=$(abspath $(B)) /usr/bin/python3 tests/bench/page.py

.PHONY: tests generators boot-files
.SECONDARY:

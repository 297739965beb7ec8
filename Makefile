# The only entry, for people and for CI:
#   make        builds into blib/ (perl -Mblib)      make check  lints
#   make run    walks the journey aloud, no account  make bench  measures, writes target/bench.json
#   make serve  leaves the host running              make soak   the long runs
#   make test   all tests                            make deb    Debian packages into build/deb; DIST=trixie: for
#   make openapi   build/openapi.json, the HTTP API              that Debian
#   make install DESTDIR=...                         make clean

SHELL = /bin/sh
PERL ?= /usr/bin/perl
export PERL
CARGO ?= cargo
export PATH := $(PATH):$(or $(CARGO_HOME),$(HOME)/.cargo)/bin
CARGO_TARGET_DIR ?= $(CURDIR)/target
export CARGO_TARGET_DIR
DESTDIR ?=
PREFIX ?= /usr

library = libpve_rs_notify.so
built = $(CARGO_TARGET_DIR)/release/$(library)
sandbox = $(CARGO_TARGET_DIR)/release/sandbox
cli = $(CARGO_TARGET_DIR)/release/pve-notify
genpackage = crates/perlmod/genpackage.pl
perl_files := $(shell cd perl/lib && find . \( -name '*.pm' -o -name '*.pod' \) -printf '%P\n')
bin_files := $(notdir $(wildcard perl/bin/*))
blib_files = $(addprefix blib/lib/,$(perl_files)) $(addprefix blib/script/,$(bin_files))
stubs = blib/lib/PVE/RS/Notify/Lib.pm

.PHONY: all run serve test check bench soak soak-perlmod soak-requests deb openapi clean
.PHONY: install install-library install-node install-host install-cli
.PHONY: setup-% blib cargo-library cargo-sandbox cargo-cli node-peers python-peers mail-servers
.DEFAULT_GOAL = all

all: setup-build blib

setup-%:
	@tools/setup $*

# --- build -----------------------------------------------------------------------------------------

# -Mblib wants all three folders
blib: blib/arch/auto/$(library) $(stubs) $(blib_files)
	@mkdir -p blib/lib blib/arch blib/script

cargo-library:
	@$(CARGO) build --locked --release -p pve-rs-notify

cargo-sandbox:
	@$(CARGO) build --locked --release -p sandbox

cargo-cli:
	@$(CARGO) build --locked --release -p pve-notify

$(built): cargo-library ;

blib/arch/auto/$(library): $(built)
	@mkdir -p $(@D)
	@strip --strip-unneeded -o $@.new $< && mv $@.new $@

$(stubs): blib/arch/auto/$(library) $(genpackage)
	@mkdir -p $(@D)
	@$(PERL) $(genpackage) --lib-package=PVE::RS::Notify::Lib --lib-tag=pve-notify --lib-prefix=PVE \
	    --lib=pve_rs_notify --from-notes=$< --outdir=blib/lib
	@touch $@

blib/lib/%: perl/lib/%
	@mkdir -p $(@D)
	@cp $< $@

blib/script/%: perl/bin/%
	@mkdir -p $(@D)
	@cp $< $@

# --- use -------------------------------------------------------------------------------------------

run: setup-run blib cargo-sandbox
	@SANDBOX=$(sandbox) tools/journey

serve: setup-run blib cargo-sandbox
	@SANDBOX=$(sandbox) tools/serve

# the description of the HTTP API, as the host serves it
openapi: setup-run blib
	@mkdir -p build
	@$(PERL) -Mblib -Iperl/host/lib -MPVE::NotifyHost::OpenAPI \
	    -e 'print PVE::NotifyHost::OpenAPI::json()' > build/openapi.json.new
	@mv build/openapi.json.new build/openapi.json
	@echo 'openapi: build/openapi.json'

# --- prove -----------------------------------------------------------------------------------------

# fast tests first, then those with servers, then the package
test: setup-test blib cargo-sandbox cargo-cli node-peers python-peers mail-servers
	$(CARGO) test --locked --workspace --no-run
	$(CARGO) test --locked --quiet --workspace
	crates/perlmod-test/run
	SANDBOX=$(sandbox) PVE_NOTIFY=$(cli) prove -b -Iperl/host/lib -Iperl/t/lib perl/t
	tools/test-deb

check: setup-check
	tools/check

bench: setup-bench blib cargo-sandbox
	$(CARGO) build --locked --release -p pve-rs-notify --example bare_exchange --example bare_handshake --example hour_of_mails
	$(CARGO) build --locked --release -p perlmod-test --lib
	benches/xs/build $(CARGO_TARGET_DIR)/release/libperlmod_test.so build/bench
	SANDBOX=$(sandbox) $(PERL) -Mblib -Iperl/host/lib -Iperl/t/lib benches/bench

# the binding layer at full counts, under two memory checkers, and in a Debian 13 of its own
soak-perlmod: setup-soak
	SOAK=1 $(CARGO) test --locked --quiet -p perlmod
	SOAK=1 crates/perlmod-test/run
	crates/perlmod-test/soak/asan
	crates/perlmod-test/soak/valgrind
	crates/perlmod-test/soak/unthreaded
	crates/perlmod-test/soak/debian13

# requests of others' making, from the description of the API
soak-requests: setup-soak blib cargo-sandbox python-peers
	REQUESTS=50000 SANDBOX=$(sandbox) prove -v -b -Iperl/host/lib -Iperl/t/lib perl/t/requests.t

soak: setup-soak blib cargo-sandbox cargo-cli node-peers python-peers mail-servers soak-perlmod soak-requests
	SOAK=1 $(CARGO) test --locked --quiet -p notify --test smtp --test deliver --test footprint --test state --test kill --test model
	SOAK=1 $(CARGO) test --locked --quiet --release -p notify --test token
	SOAK=1 SANDBOX=$(sandbox) PVE_NOTIFY=$(cli) prove -b -Iperl/host/lib -Iperl/t/lib perl/t
	tools/fuzz 60
	SANDBOX=$(sandbox) tools/soak-packages

node-peers: build/node/.installed

build/node/.installed: perl/t/peers/package-lock.json perl/t/peers/package.json
	@echo 'test: installing the Node peers into build/node'
	@mkdir -p build/node
	@cp perl/t/peers/package.json perl/t/peers/package-lock.json build/node/
	@cd build/node && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

python-peers: build/python/.installed

build/python/.installed: perl/t/peers/requirements.txt
	@echo 'test: installing the Python peers into build/python'
	@rm -rf build/python
	@/usr/bin/python3 -m venv build/python
	@build/python/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
	    --only-binary :all: -r $<
	@touch $@

mail-servers: build/mail-servers/.complete

# without root it makes nothing and says so
build/mail-servers/.complete: tools/mail-servers
	@tools/mail-servers build/mail-servers

# --- ship ------------------------------------------------------------------------------------------

deb: setup-deb
	tools/make-deb $(DIST)

# the library and its class alone; the packages add the rest
install: install-library

install-library: blib
	install -d $(DESTDIR)$(vendorarch)/auto $(DESTDIR)$(vendorarch)/PVE/RS/Notify
	install -m 0644 $(built) $(DESTDIR)$(vendorarch)/auto/$(library)
	install -m 0644 blib/lib/PVE/RS/Notify.pm $(DESTDIR)$(vendorarch)/PVE/RS/Notify.pm
	install -m 0644 blib/lib/PVE/RS/Notify/Lib.pm $(DESTDIR)$(vendorarch)/PVE/RS/Notify/Lib.pm
	$(call man,3pm,PVE::RS::Notify,perl/lib/PVE/RS/Notify.pod)

# a PVE node: in front of the node's own modules, and nothing in the place of a file of the node
install-node:
	tools/install-tree $(DESTDIR)$(vendorarch) perl/lib perl/node/lib
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(node_templates)
	install -m 0755 perl/bin/pve-notify-refresh $(DESTDIR)$(PREFIX)/bin/
	install -m 0755 perl/node/bin/pve-notify-node $(DESTDIR)$(PREFIX)/sbin/
	install -m 0644 templates/notification-target-* $(DESTDIR)$(node_templates)/
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system/pve-daily-update.service.d
	install -m 0644 perl/node/systemd/pve-daily-update.service.d/pve-notify-oauth2.conf \
	    $(DESTDIR)$(PREFIX)/lib/systemd/system/pve-daily-update.service.d/
	$(call man,8,pve-notify-refresh,perl/bin/pve-notify-refresh)
	$(call man,8,pve-notify-node,perl/node/bin/pve-notify-node)

# the command line, with what is made from its definition
install-cli: cargo-cli
	$(CARGO) run --locked --release --quiet -p pve-notify --example generate -- man build/cli/man
	$(CARGO) run --locked --release --quiet -p pve-notify --example generate -- completion build/cli/completion
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -m 0755 $(cli) $(DESTDIR)$(PREFIX)/bin/
	install -m 0644 build/cli/man/pve-notify*.1 $(DESTDIR)$(PREFIX)/share/man/man1/
	install -m 0644 build/cli/completion/pve-notify.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/pve-notify

# any other machine; units, PAM service, user and folders are the package's business
install-host:
	tools/install-tree $(DESTDIR)$(PREFIX)/share/perl5 perl/lib perl/host/lib
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(host_share)/templates/default
	install -m 0755 perl/host/bin/pvesh perl/host/bin/pveupdate $(DESTDIR)$(PREFIX)/bin/
	install -m 0755 perl/host/bin/notify-host $(DESTDIR)$(PREFIX)/sbin/
	install -m 0644 templates/* $(DESTDIR)$(host_share)/templates/default/
	install -m 0644 perl/host/share/user.cfg.sample perl/host/share/machine.json $(DESTDIR)$(host_share)/
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -m 0644 perl/host/share/bash-completion/pvesh $(DESTDIR)$(PREFIX)/share/bash-completion/completions/
	$(call man,1,pvesh,perl/host/bin/pvesh)
	$(call man,1,pveupdate,perl/host/bin/pveupdate)
	$(call man,8,notify-host,perl/host/bin/notify-host)

# $(call man,SECTION,NAME,FILE)
define man
	@install -d $(DESTDIR)$(PREFIX)/share/man/man$(firstword $(subst pm, ,$(1)))
	pod2man --section=$(1) --name=$(2) --center='pve-rs-notify' --release=$(version) \
	    $(3) > $(DESTDIR)$(PREFIX)/share/man/man$(firstword $(subst pm, ,$(1)))/$(2).$(1)
endef

node_templates = $(PREFIX)/share/pve-manager/templates/default
host_share = $(PREFIX)/share/pve-notify-host
version = $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
vendorarch = $(shell $(PERL) -MConfig -e 'print $$Config{vendorarch}')

clean:
	rm -rf blib build target

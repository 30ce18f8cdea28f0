# make demo [KEEP=1] [DIR=folder]   train an R model, log, register, serve and score it
# make test                         set up and run every test, Python and R; what is stored is also tried on the
#                                   server that CRATEFLOW_TEST_DATABASE_URI names, as mysql://root@host:3306/mysql
# make lint                         style, types and layers only
# make test-flavors                 the tests of the model libraries too large for every run
#
# Both commands install what they need: Debian packages where missing (as root or through sudo), a virtual
# environment in .venv/ and an R library in .rlib/. What was done is noted in .make/, so the second run is quick.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.PHONY: help demo test lint test-python test-r check-r test-flavors clean

PYTHON ?= python3
BIN := $(CURDIR)/.venv/bin
FLAVORS_BIN := $(CURDIR)/.venv-flavors/bin
RLIB := $(CURDIR)/.rlib
R_SOURCES := $(shell find r-package -type f -not -path '*/tests/*' 2>/dev/null)

# What R's own distribution package, the build of rpy2 and the R package need.
DEMO_PACKAGES := curl python3-venv python3-dev gcc r-base-core r-base-dev \
	$(addprefix r-cran-,codetools httr2 jsonlite rlang cli withr yaml tibble)
# The R test tools and what R CMD check asks for, the databases that the tests start, and the model packages
# whose crates they serve.
TEST_PACKAGES := $(addprefix r-cran-,testthat roxygen2 lintr processx keyring knitr rmarkdown htmlwidgets reticulate) \
	pandoc qpdf tidy locales openssl \
	postgresql mariadb-server \
	$(addprefix r-cran-,httpuv rpart ranger randomforest glmnet mgcv nnet mass survival e1071 lme4 caret recipes)

export R_LIBS_USER := $(RLIB)
export PATH := $(BIN):$(PATH)
export CRATEFLOW_BIN := $(BIN)/crateflow

help:
	@sed -n '1,/^$$/s/^# \{0,1\}//p' Makefile

demo: .make/demo
	@$(BIN)/python examples/iris-lm/demo.py $(if $(KEEP),--keep) $(if $(DIR),--dir "$(DIR)")

test: .make/test lint test-python check-r

lint: .make/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	Rscript -e 'quit(status = length(print(lintr::lint_package("r-package"))) > 0)'

test-python: .make/test
	$(BIN)/pytest -n auto --dist loadgroup

test-r: .make/test
	cd r-package/tests && Rscript --vanilla testthat.R

# The tests of test-r, and all else that CRAN looks at.
check-r: .make/test
	$(BIN)/python tests/r_package_check.py

test-flavors: .make/flavors
	PATH="$(FLAVORS_BIN):$$PATH" $(FLAVORS_BIN)/pytest tests/heavy

clean:
	rm -rf .make .venv .venv-flavors .rlib

# Set-up, each step once -------------------------------------------------------------------------------------

# install-missing, of packages: nothing is asked of apt, and no rights are needed, when all are there.
define install-missing
	missing=(); for p in $(1); do dpkg-query -Wf '$${Status}' $$p 2>/dev/null | grep -q 'install ok installed' || missing+=($$p); done; \
	if (($${#missing[@]})); then \
		command -v apt-get >/dev/null || { echo "Please install these (or their like on your system) first: $${missing[*]}" >&2; exit 1; }; \
		if [ "$$(id -u)" = 0 ]; then sudo=; elif command -v sudo >/dev/null; then sudo=sudo; \
		else echo "Neither root nor sudo. Ask an administrator to run: apt-get install $${missing[*]}" >&2; exit 1; fi; \
		echo "Installing $${#missing[@]} system packages: $${missing[*]}"; \
		log=$$(mktemp); { $$sudo apt-get update && \
		$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$${missing[@]}"; } \
		>"$$log" 2>&1 || { tail -n 30 "$$log"; exit 1; }; \
	fi
endef

.make/system-demo: Makefile
	@mkdir -p .make; $(call install-missing,$(DEMO_PACKAGES)); touch $@

.make/system-test: .make/system-demo
	@$(call install-missing,$(TEST_PACKAGES)); touch $@

.make/python-demo: pyproject.toml .make/system-demo
	@echo "Setting up Python in .venv"
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[models,r]'
	@touch $@

.make/python-test: .make/python-demo
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[models,r,dev]'
	@touch $@

.make/flavors: pyproject.toml .make/r-package
	@echo "Setting up large model libraries in .venv-flavors"
	@$(call install-missing,default-jre-headless podman runc mmdebstrap $(addprefix r-cran-,rpart testthat processx))
	@[ -x $(FLAVORS_BIN)/python ] || $(PYTHON) -m venv .venv-flavors
	@$(FLAVORS_BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[models,r,dev,heavy]'
	@command -v npm >/dev/null || { $(call install-missing,npm); }
	@npm install --silent --no-fund --no-audit --prefix .venv-flavors azurite@3  # stands in for Azure's storage
	@touch $@

.make/r-package: $(R_SOURCES) .make/system-demo
	@echo "Installing the R package into .rlib"
	@mkdir -p $(RLIB); log=$$(mktemp); R CMD INSTALL --library=$(RLIB) r-package >"$$log" 2>&1 || { cat "$$log"; exit 1; }
	@touch $@

.make/demo: .make/python-demo .make/r-package
	@touch $@

.make/test: .make/system-test .make/python-test .make/r-package
	@touch $@
